// Bundles the bench and runs it: `npm run bench -- [--json FILE] [--work W1,W2] [--quick]`.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../dist-bench/", import.meta.url));
const bundle = `${folder}bench.mjs`;

/**
 * Turns the bundle's top-level constants (capitals) back from `var` into `const`. esbuild makes them
 * `var`, and then V8 loads and checks each mask and shift at every use: the JavaScript peer's TLB hit
 * takes three times as long.
 */
function restoreConstants(code) {
  return code.replace(/^var (?=[A-Z][A-Z0-9_]* = )/gm, "const ");
}

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  target: "node20",
  conditions: ["source"],
  packages: "external",
});
mkdirSync(folder, { recursive: true });
writeFileSync(bundle, restoreConstants(outputFiles[0].text));

// The JavaScript peer's nine puts in a row are past V8's inlining budget; with a larger one it does
// as well as if its author had written them out by hand.
const flags = ["--expose-gc", "--max-inlined-bytecode-size-cumulative=4000"];
const argv = [...flags, bundle, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, argv, { stdio: "inherit" });
process.exitCode = status ?? 1;
