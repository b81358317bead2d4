import { expect, test } from "vitest";
import { UsageError } from "../../src/base/errors.ts";
import { renderTable } from "../../src/report/table.ts";

test("text stands left, figures stand right, and a missing figure is a dash, not a zero", () => {
  const table = renderTable(
    [{ title: "arch" }, { title: "instructions", align: "right" }, { title: "ns", align: "right" }],
    [
      ["x86-64", 42, 0],
      ["powerpc-book3s64", 90, null],
    ],
  );
  expect(table.split("\n")).toEqual([
    "arch              instructions  ns",
    "────────────────  ────────────  ──",
    "x86-64                      42   0",
    "powerpc-book3s64            90   –",
  ]);
});

test("neighbouring columns of a group share one heading", () => {
  const table = renderTable(
    [
      { title: "strategy" },
      { title: "opens", group: "read side", align: "right" },
      { title: "checks", group: "read side", align: "right" },
      { title: "opens", group: "write side", align: "right" },
      { title: "checks", group: "write side", align: "right" },
    ],
    [["per-field", 3, 3, 9, 9]],
  );
  expect(table.split("\n")).toEqual([
    "           read side      write side",
    "strategy   opens  checks  opens  checks",
    "─────────  ─────  ──────  ─────  ──────",
    "per-field      3       3      9       9",
  ]);
});

test("a heading longer than its columns widens the last of them", () => {
  const table = renderTable(
    [
      { title: "a", group: "a long heading" },
      { title: "b", group: "a long heading" },
      { title: "c" },
    ],
    [["1", "2", "3"]],
  );
  expect(table.split("\n")).toEqual([
    "a long heading",
    "a  b            c",
    "─  ───────────  ─",
    "1  2            3",
  ]);
});

test("a table without rows still shows its titles", () => {
  expect(renderTable([{ title: "kind" }, { title: "passed" }], [])).toBe(
    "kind  passed\n────  ──────",
  );
});

test("characters outside the basic plane count as one", () => {
  const [titles, , row] = renderTable([{ title: "x" }, { title: "y" }], [["𝛑𝛑", "1"]]).split("\n");
  expect(titles).toBe("x   y");
  expect(row).toBe("𝛑𝛑  1");
});

test("a row with too few cells is refused, naming the row and what is valid", () => {
  const render = (): string => renderTable([{ title: "a" }, { title: "b" }], [["1", "2"], ["1"]]);
  expect(render).toThrow(UsageError);
  expect(render).toThrow("row 1 has 1 cells; valid: 2, one a column");
});
