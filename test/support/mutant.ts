import { readFile } from "node:fs/promises";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { signedCore } from "./signedCore.ts";

/**
 * Cores with a mistake: the compiler is given the project's sources with a few words changed, so that a test can show
 * that the mistake would be noticed. Nothing in the core itself is there for it.
 */

/** One change: `find` must occur exactly once in the file. */
export interface Mutation {
  /** Path inside assembly/. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The study build's fibers come from this pass; the core imports nothing but what may leave it. */
const passes = { release: [], threads: [], study: ["--runPasses", "asyncify"] } as const;

const unoptimised = ["--optimizeLevel", "0", "--shrinkLevel", "0"];

/** Compiles a changed core, not optimised: that would take longer than all that a test does with it. */
export async function mutantCore(
  build: keyof typeof passes,
  mutations: readonly Mutation[],
): Promise<Uint8Array> {
  const applied = new Set<Mutation>();
  const messages: string[] = [];
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(
    ["assembly/index.ts", "--target", build, ...unoptimised, ...passes[build]],
    {
      readFile: async (name, folder) => {
        const text = await readFile(join(folder, name), "utf8").catch(() => null);
        return text === null ? null : mutate(name, text, mutations, applied);
      },
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm")) binary = contents as Uint8Array;
      },
      stderr: { write: (text: string) => void messages.push(text) } as never,
    },
  );
  if (error !== null || binary === undefined) {
    throw new Error(`${error?.message}\n${messages.join("")}`);
  }
  if (applied.size !== mutations.length) {
    throw new Error("a mutation is of a file that is not compiled");
  }
  return signedCore(binary, build);
}

function mutate(
  name: string,
  text: string,
  mutations: readonly Mutation[],
  applied: Set<Mutation>,
): string {
  let changed = text;
  for (const mutation of mutations) {
    if (!name.endsWith(join("assembly", mutation.file))) continue;
    const parts = changed.split(mutation.find);
    if (parts.length !== 2) {
      throw new Error(`"${mutation.find}" occurs ${parts.length - 1} times in ${mutation.file}`);
    }
    changed = parts.join(mutation.replace);
    applied.add(mutation);
  }
  return changed;
}
