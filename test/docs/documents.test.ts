import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { layoutOf, parseStruct } from "../../src/index.ts";
import { bundleForBrowser, root } from "../browser/support/bundle.ts";
import { documentedReplays } from "../conformance/documented.ts";

const guides = readdirSync(join(root, "docs")).map((name) => `docs/${name}`);
const documents = ["README.md", "ARCHITECTURE.md", ...guides];

const textOf = (document: string): string => readFileSync(join(root, document), "utf8");

function checkDocs(...files: string[]): { status: number | null; stderr: string } {
  const args = ["scripts/docs.mjs", "--check", "--but-replays", ...files];
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

/** What a document says outside of its blocks of code. */
function proseOf(document: string): string {
  return textOf(document).replace(/^```[^]*?^```$/gm, "");
}

/** Where the documents link to within this project: path from the root, and the heading. */
function linksOf(document: string): { path: string; heading: string | undefined }[] {
  const links = [...proseOf(document).matchAll(/\]\(([^)#:]*)(?:#([^):]*))?\)/g)];
  return links.map(([, path, heading]) => ({
    path: path === "" ? document : join(dirname(document), path!),
    heading,
  }));
}

/** The names by which a document's headings are linked to. */
function headingsOf(document: string): string[] {
  const headings = [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
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

  test("what replays print is compared where all recordings are replayed", () => {
    const shown = documents.flatMap((document) =>
      [...textOf(document).matchAll(/^\$ npx faultline (replay .*)$/gm)].map(([, line]) => line),
    );
    expect(shown.sort()).toEqual([...documentedReplays].sort());
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
  test.each(documents)("links and paths of %s", (document) => {
    const paths = quoted(textOf(document), /^(assembly|src|test|scripts|bench|docs)\/[\w./-]*$/);
    const missing = (path: string): boolean => !existsSync(join(root, path));
    expect(paths.filter(missing)).toEqual([]);
    const isBroken = ({ path, heading }: { path: string; heading: string | undefined }): boolean =>
      missing(path) || (heading !== undefined && !headingsOf(path).includes(heading));
    expect(linksOf(document).filter(isBroken)).toEqual([]);
  });

  test("every guide is linked to by README.md", () => {
    const linked = linksOf("README.md").map(({ path }) => path);
    expect(guides.filter((guide) => !linked.includes(guide))).toEqual([]);
    expect(guides.length).toBeGreaterThan(2);
  });

  test("functions of ARCHITECTURE.md", () => {
    const sources = ["assembly", "src"].map(allText).join("\n");
    const names = quoted(textOf("ARCHITECTURE.md"), /^[a-z]+[a-z0-9]*[A-Z]\w*$/);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
    expect(names.length).toBeGreaterThan(10);
  });

  test.each(["assembly", "src"])("every room of %s/ has its row", (house) => {
    const rooms = readdirSync(join(root, house), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const architecture = textOf("ARCHITECTURE.md");
    expect(rooms.filter((room) => !architecture.includes(`| \`${room}/\``))).toEqual([]);
  });
});

test("the guide's module for browsers bundles with nothing of Node", async () => {
  const module = /<!-- browser -->\n+```js\n([^]*?)```/.exec(textOf("docs/library.md"))?.[1];
  const stdin = { contents: module ?? "", resolveDir: root };
  const bundle = await bundleForBrowser({ stdin });
  expect(bundle.warnings).toEqual([]);
  expect(bundle.imports).toEqual([]);
  expect(bundle.code).toContain("arm64-pan");
});

test("the guide's structure is right, and laid out as the example it shortens", () => {
  const json = /<!-- structure -->\n+```json\n([^]*?)```/.exec(textOf("docs/structures.md"))?.[1];
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
    expect(textOf("README.md")).toContain(command);
  }
});

function allText(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}
