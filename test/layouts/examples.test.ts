import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildLayout, Machine, parseLayout } from "../../src/index.ts";

/** The layouts that come with the package: each can be had, on a machine as large as it says, and is shown in a guide. */

const folder = new URL("../../examples/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".layout"));
const guide = readFileSync(new URL("../../docs/remote-memory.md", import.meta.url), "utf8");

test("there are some", () => expect(files).toContain("program.layout"));

test.each(files)("%s", async (name) => {
  const text = readFileSync(new URL(name, folder), "utf8");
  const memory = /--memory (\S+)/.exec(text)?.[1] ?? "64M";
  const layout = parseLayout(text);
  const { task } = buildLayout(await Machine.create({ memory }), layout);
  const areas = layout.areas.filter(({ kind }) => kind !== "hole");
  expect(task.vmas().map(({ start, end }) => [start, end])).toEqual(
    areas.map(({ start, end }) => [start, end]),
  );
  expect(text).toContain(`--layout examples/${name}`);
  expect(guide).toContain(`(../examples/${name})`);
});
