import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { build } from "esbuild";
import ts from "typescript";
import { expect, test } from "vitest";
import { root } from "../browser/support/bundle.ts";

/** No two files of a house import each other, not by way of others either. */

type Graph = ReadonlyMap<string, readonly string[]>;

/** A way from a file back to itself, for each place where a walk of the imports meets one. */
function circlesIn(graph: Graph): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const met = way.indexOf(file);
    if (met >= 0) circles.push([...way.slice(met), file].join(" -> "));
    if (met >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return circles;
}

/** The core's files: AssemblyScript's imports read as TypeScript's. */
function coreGraph(): Graph {
  const house = join(root, "assembly");
  const files = readdirSync(house, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(house, name));
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"));
      const imports = importedFiles.map(({ fileName }) => `${resolve(file, "..", fileName)}.ts`);
      return [relative(root, file), imports.map((path) => relative(root, path))];
    }),
  );
}

/** What is left of the library's imports once its types are gone. */
async function libraryGraph(): Promise<Graph> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/index.ts", "src/conformance/index.ts", "src/cli/main.ts"],
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outdir: "unused",
    write: false,
    metafile: true,
  });
  return new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => [
      file,
      imports.map(({ path }) => path),
    ]),
  );
}

test("a circle is found", () => {
  const graph = new Map([
    ["a", ["b", "d"]],
    ["b", ["c"]],
    ["c", ["b"]],
    ["d", ["c"]],
  ]);
  expect(circlesIn(graph)).toEqual(["b -> c -> b"]);
});

test("the core's imports make no circle", () => {
  const graph = coreGraph();
  expect(graph.get("assembly/mm/fault.ts")).toContain("assembly/machine/cpu.ts");
  expect(circlesIn(graph)).toEqual([]);
});

test("the library's imports make no circle", async () => {
  const graph = await libraryGraph();
  expect(graph.get("src/index.ts")?.length).toBeGreaterThan(2);
  expect(circlesIn(graph)).toEqual([]);
});
