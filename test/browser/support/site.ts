/** Everything the pages may ask for: themselves under three sets of headers, their scripts, cores and traces. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildNames } from "../../../src/core/builds.ts";
import { bundleForBrowser, root } from "./bundle.ts";
import { isolation, pageWith, scriptPolicy, type Answer } from "./server.ts";

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** Where the site keeps each thing. */
export const paths = {
  /** Isolated, so that memory can be shared, and under the strictest policy that lets WebAssembly compile. */
  isolated: "/isolated.html",
  /** No headers at all, as a plain file server sends it; runs the package as it was built. */
  plain: "/plain.html",
  /** A policy that forgot WebAssembly. */
  forgotten: "/forgotten.html",
  worker: "/worker.js",
  core: (build: string): string => `/wasm/${build}.wasm`,
} as const;

/** The folder with the recorded traces. */
export const goldenFolder = join(root, "test", "golden", "pcm");

/** Names of the trace files, in order. */
export async function goldenFiles(): Promise<string[]> {
  return (await readdir(goldenFolder)).filter((name) => name.endsWith(".jsonl.gz")).sort();
}

export async function siteAnswers(): Promise<ReadonlyMap<string, Answer>> {
  return new Map([...pages(), ...(await scripts()), ...(await data())]);
}

function pages(): [string, Answer][] {
  const strict = scriptPolicy("'self' 'wasm-unsafe-eval'");
  const page = (script: string, headers: Answer["headers"] = {}): Answer => {
    return { type: HTML, body: pageWith(script), headers };
  };
  return [
    [paths.isolated, page("/source.js", { ...isolation, ...strict })],
    [paths.plain, page("/package.js")],
    [paths.forgotten, page("/source.js", scriptPolicy("'self'"))],
    // full browsers ask for it unbidden
    ["/favicon.ico", { type: "image/x-icon", body: "" }],
  ];
}

async function scripts(): Promise<[string, Answer][]> {
  const folder = "test/browser/page";
  const sources = ["source"];
  const bundles = await Promise.all([
    bundleForBrowser({ entryPoints: [`${folder}/source.ts`], conditions: sources }),
    bundleForBrowser({ entryPoints: [`${folder}/worker.ts`], conditions: sources }),
    bundleForBrowser({ entryPoints: [`${folder}/package.js`] }),
  ]);
  const names = ["/source.js", paths.worker, "/package.js"];
  // a worker answers to the headers of its own script, not to those of the page
  return bundles.map(({ code }, index) => [
    names[index]!,
    { type: SCRIPT, body: code, headers: isolation },
  ]);
}

async function data(): Promise<[string, Answer][]> {
  const cores = buildNames.map((build) =>
    file(paths.core(build), join(root, "wasm", `${build}.wasm`)),
  );
  const traces = (await goldenFiles()).map((name) =>
    file(`/golden/${name}`, join(goldenFolder, name)),
  );
  return Promise.all([...cores, ...traces]);
}

async function file(path: string, from: string): Promise<[string, Answer]> {
  const type = path.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return [path, { type, body: await readFile(from) }];
}
