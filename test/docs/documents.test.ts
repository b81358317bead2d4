import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { layoutOf, parseStruct } from "../../src/index.ts";
import { bundleForBrowser, root } from "../browser/support/bundle.ts";

const documents = ["README.md", "ARCHITECTURE.md"];
const readme = readFileSync(join(root, "README.md"), "utf8");
const architecture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");

function checkDocs(...files: string[]): { status: number | null; stderr: string } {
  const args = ["scripts/docs.mjs", "--check", ...files];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  return { status, stderr };
}

/** A document of one section, in a folder that goes away with the test. */
function documentWith(section: string): string {
  const folder = mkdtempSync(join(tmpdir(), "faultline-docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "document.md");
  writeFileSync(file, section);
  return file;
}

/** Every word of a document that stands in backticks and fits. */
function quoted(text: string, pattern: RegExp): string[] {
  const words = [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return [...new Set(words.filter((word) => pattern.test(word)))];
}

describe("what the documents repeat", () => {
  test.each(documents)("%s has the tables and the output of now", (file) => {
    expect(checkDocs(file)).toEqual({ status: 0, stderr: "" });
  });

  test.each([
    [
      "table",
      "<!-- table: strategies -->\n\n| strategy | how the data moves |\n| --- | --- |\n\n<!-- end -->\n",
    ],
    ["output", "```console\n$ npx faultline --version\n0.0.0\n```\n"],
    ["output", '```js\nconsole.log("one");\n```\n\n```text\ntwo\n```\n'],
  ])("a stale %s is noticed", (what, section) => {
    const { status, stderr } = checkDocs(documentWith(section));
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`document\\.md: ${what} .*is stale`));
  });

  test("real time may differ, and nothing else of a printed row", () => {
    const command = "compare sync-ptr --arch none --strategy copy";
    const { stdout } = spawnSync(process.execPath, ["dist/cli/main.js", ...command.split(" ")], {
      cwd: root,
      encoding: "utf8",
    });
    const block = (text: string): string =>
      `\`\`\`console\n$ npx faultline ${command}\n${text}\`\`\`\n`;
    const slower = stdout.replace(/\d+ +\d+ %$/m, "99999        1 %");
    expect(checkDocs(documentWith(block(slower)))).toEqual({ status: 0, stderr: "" });
    const other = stdout.replace(/^(none +compat +copy +0 +)4/m, "$15");
    expect(checkDocs(documentWith(block(other)))).toMatchObject({ status: 1 });
  });
});

describe("what the documents name exists:", () => {
  test.each(documents)("links and paths of %s", (file) => {
    const text = readFileSync(join(root, file), "utf8");
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
    const paths = quoted(text, /^(assembly|src|test|scripts|bench)\/[\w./-]*$/);
    expect([...links, ...paths].filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(links.length + paths.length).toBeGreaterThan(2);
  });

  test("functions of ARCHITECTURE.md", () => {
    const sources = ["assembly", "src"].map(allText).join("\n");
    const names = quoted(architecture, /^[a-z]+[a-z0-9]*[A-Z]\w*$/);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
    expect(names.length).toBeGreaterThan(10);
  });

  test.each(["assembly", "src"])("every room of %s/ has its row", (house) => {
    const rooms = readdirSync(join(root, house), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(rooms.filter((room) => !architecture.includes(`| \`${room}/\``))).toEqual([]);
  });
});

test("the README's module for browsers bundles with nothing of Node", async () => {
  const module = /<!-- browser -->\n+```js\n([^]*?)```/.exec(readme)?.[1];
  const stdin = { contents: module ?? "", resolveDir: root };
  const bundle = await bundleForBrowser({ stdin });
  expect(bundle.warnings).toEqual([]);
  expect(bundle.imports).toEqual([]);
  expect(bundle.code).toContain("arm64-pan");
});

test("the README's structure is right, and laid out as the example it shortens", () => {
  const json = /<!-- structure -->\n+```json\n([^]*?)```/.exec(readme)?.[1];
  const example = readFileSync(join(root, "examples/rtc_wkalrm.json"), "utf8");
  const [short, long] = [json ?? "", example].map((text) =>
    layoutOf(parseStruct(text), "native64"),
  );
  expect(short).toMatchObject({ bytes: long!.bytes, holes: long!.holes });
});

test("continuous integration runs the README's install and test commands", () => {
  const steps = readFileSync(join(root, ".ci", "run"), "utf8").split("\n");
  for (const command of ["npm ci", "npm test"]) {
    expect(steps).toContain(command);
    expect(readme).toContain(command);
  }
});

function allText(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}
