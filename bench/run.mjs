// Bundles the bench and runs it: `npm run bench -- [--json FILE] [--work W1,W2] [--peers js,v86] [--quick]`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const outdir = fileURLToPath(new URL("../dist-bench/", import.meta.url));
/** The bench itself, and the processes that it starts. */
const programs = [
  "main.ts",
  ...readdirSync(join(folder, "firstAccess")).map((file) => `firstAccess/${file}`),
];

/**
 * Turns the bundle's top-level constants (capitals) back from `var` into `const`. esbuild makes them
 * `var`, and then V8 loads and checks each mask and shift at every use: the JavaScript peer's TLB hit
 * takes three times as long.
 */
function restoreConstants(code) {
  return code.replace(/^var (?=[A-Z][A-Z0-9_]* = )/gm, "const ");
}

const { outputFiles } = await build({
  entryPoints: programs.map((program) => join(folder, program)),
  outbase: folder,
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  target: "node20",
  conditions: ["source"],
  packages: "external",
});
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, restoreConstants(text));
}

// The JavaScript peer's nine puts in a row are past V8's inlining budget; with a larger one it does
// as well as if its author had written them out by hand.
const flags = ["--expose-gc", "--max-inlined-bytecode-size-cumulative=4000"];
const argv = [...flags, join(outdir, "main.mjs"), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, argv, { stdio: "inherit" });
process.exitCode = status ?? 1;
