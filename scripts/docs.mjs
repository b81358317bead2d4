// Keeps what the documents repeat from the project true: tables made from its own, and what commands and examples print.
//
//   <!-- table: NAME --> … <!-- end -->      the table of that name below
//   ```console, a line `$ npx faultline …`   what the command prints stands under it
//   ```js, then ```text                      what the module prints stands in the second
//
// `node scripts/docs.mjs [--check [--but-replays]] [file…]` rewrites the files; with --check it names what is stale and
// exits with 1. The tests replay all recordings anyway, and compare what that prints themselves.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import * as faultline from "../dist/index.js";
import { dataModel } from "../dist/structs/dataModel.js";
import { alignOf, scalarNamed, scalarNames, sizeOf } from "../dist/structs/scalars.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const guides = readdirSync(`${root}docs`).map((name) => `docs/${name}`);
const documents = ["README.md", "ARCHITECTURE.md", ...guides];

const code = (text) => `\`${text}\``;
const codes = (names) => names.map(code).join(", ");

/** Names of the architectures in a row's list, or a word for most of them. */
function archList(archs) {
  const others = faultline.archNames.filter((name) => !archs.includes(name));
  if (others.length === 0) return "all";
  return others.length <= 2 ? `all but ${codes(others)}` : codes(archs);
}

function abisOf(arch) {
  return faultline.abis.filter(({ archs }) => archs.includes(arch)).map(({ name }) => name);
}

/** Which of an architecture's figures exist: instructions and cycles are published apart. */
function figuresOf(arch) {
  const { weights, cycles } = faultline.costProfile(arch);
  if (weights === null) return "none";
  return cycles === null ? "instructions" : "instructions, cycles";
}

/** Who calls, as the table of C's types has it: a title, an ABI, an architecture. */
const callers = [
  ["native64, x86-64", "native64", "x86-64"],
  ["native32", "native32", "powerpc-8xx"],
  ["compat, i386", "compat", "x86-64"],
  ["compat, others", "compat", "arm64-pan"],
  ["x32", "x32", "x86-64"],
];

/** Bytes of a type for each caller, and its alignment where that is another number. */
function sizesOf(name) {
  const scalar = scalarNamed(name);
  return callers.map(([, abi, arch]) => {
    const model = dataModel(abi, arch);
    const [size, align] = [sizeOf(scalar, model), alignOf(scalar, model)];
    return size === align ? `${size}` : `${size}, aligned to ${align}`;
  });
}

/** C's types by what they are for each caller, in the order in which the first of them is known. */
function typeRows() {
  const rows = new Map();
  for (const name of scalarNames) {
    const sizes = sizesOf(name);
    const key = sizes.join();
    rows.set(key, { sizes, names: [...(rows.get(key)?.names ?? []), name] });
  }
  return [...rows.values()].map(({ sizes, names }) => [codes(names), ...sizes]);
}

const tables = {
  types: () => [["types", ...callers.map(([title]) => title)], ...typeRows()],
  architectures: () => [
    ["architecture", "guard", "cost figures", "ABIs"],
    ...faultline.architectures.map(({ name, guard }) => [
      code(name),
      guard,
      figuresOf(name),
      codes(abisOf(name)),
    ]),
  ],
  abis: () => [
    ["ABI", "who calls", "architectures"],
    ...faultline.abis.map(({ name, meaning, archs }) => [code(name), meaning, archList(archs)]),
  ],
  strategies: () => [
    ["strategy", "how the data moves"],
    ...faultline.strategies.map(({ name, meaning }) => [code(name), meaning]),
  ],
  builds: () => [
    ["build", "for"],
    ...faultline.builds.map(({ name, purpose }) => [code(name), purpose]),
  ],
  findings: () => [
    ["finding", "what happened", ...faultline.buildNames],
    ...faultline.findingTable
      .filter(({ builds }) => builds.length > 0)
      .map(({ kind, meaning, builds }) => [
        code(kind),
        meaning,
        ...faultline.buildNames.map((build) => (builds.includes(build) ? "yes" : "–")),
      ]),
  ],
  counters: () => [
    ["counter", "unit", "meaning"],
    ...faultline.counterTable.map(({ name, unit, meaning }) => [code(name), unit, meaning]),
  ],
  figures: () => [
    ["figure", "unit", "meaning"],
    ...faultline.figureTable.map(({ name, unit, meaning }) => [code(name), unit, meaning]),
  ],
  kernels: () => [
    ["from", "until", "architectures", "behaviour"],
    ...faultline.behaviours.map(({ from, until, archs, meaning }) => [
      from,
      until ?? "",
      archList(archs ?? faultline.archNames),
      meaning,
    ]),
  ],
};

function tableText(name) {
  const make = tables[name];
  if (make === undefined) throw new Error(`no table "${name}"; there are ${Object.keys(tables)}`);
  const [titles, ...rows] = make();
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

/** What Node prints, both streams; the exit status is the document's own business. */
function printed(args, input) {
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    input,
  });
  return (stdout + stderr).trimEnd();
}

/** A command's words; blanks within quotes stay. */
function wordsOf(line) {
  return line.match(/"[^"]*"|\S+/g).map((word) => word.replace(/^"(.*)"$/, "$1"));
}

/** The places of a document that are made, each with its new text. */
const sections = [
  {
    place: /(<!-- table: (?<name>[\w-]+) -->\n)(?<old>[^]*?)<!-- end -->/g,
    what: ({ name }) => `table ${name}`,
    make: ({ name }) => `\n${tableText(name)}\n\n`,
  },
  {
    place: /(```console\n\$ npx faultline (?<line>.*)\n)(?<old>[^]*?)```\n/g,
    what: ({ line }) => `output of ${line}`,
    make: ({ line }) => `${printed(["dist/cli/main.js", ...wordsOf(line)], "")}\n`,
  },
  {
    place: /(```js\n(?<source>[^]*?)```\n\n```text\n)(?<old>[^]*?)```\n/g,
    what: ({ source }) => `output of the module that begins ${source.split("\n")[0]}`,
    make: ({ source }) => `${printed(["--input-type=module", "-"], source)}\n`,
  },
];

/** Real time differs each time; nothing else does. Tables are compared as the formatter leaves them. */
function comparable(text) {
  return text.replace(/ +\d+( +\d+ %| ns( +\d+ ns)?)$/gm, " real time").replace(/[ ]+|-{3,}/g, " ");
}

/** The document with every made section anew, and the names of those that were stale. */
function remade(text, isLeftOut) {
  const stale = [];
  let result = text;
  for (const { place, what, make } of sections) {
    result = result.replace(place, (whole, before, ...rest) => {
      const groups = rest.at(-1);
      if (isLeftOut(groups)) return whole;
      const made = make(groups);
      if (comparable(made) === comparable(groups.old)) return whole;
      stale.push(what(groups));
      return before + made + whole.slice(before.length + groups.old.length);
    });
  }
  return { result, stale };
}

const isReplay = ({ line }) => line?.startsWith("replay ") ?? false;

async function renew(file, isCheck, isLeftOut) {
  const { result, stale } = remade(readFileSync(file, "utf8"), isLeftOut);
  const verdict = isCheck ? "is stale: run node scripts/docs.mjs" : "renewed";
  for (const name of stale) process.stderr.write(`${file}: ${name}: ${verdict}\n`);
  if (stale.length === 0) return true;
  if (!isCheck) {
    const options = await resolveConfig(file);
    writeFileSync(file, await format(result, { ...options, filepath: file }));
  }
  return !isCheck;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    "but-replays": { type: "boolean", default: false },
  },
});
const isLeftOut = values["but-replays"] ? isReplay : () => false;
for (const file of positionals.length > 0 ? positionals : documents) {
  if (!(await renew(file, values.check, isLeftOut))) process.exitCode = 1;
}
