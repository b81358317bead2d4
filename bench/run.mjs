// Bundles the bench and runs it: `npm run bench -- [--json FILE] [--work W1,W2] [--quick]`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const outfile = fileURLToPath(new URL("../dist-bench/bench.mjs", import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: true,
});
const options = ["--expose-gc", "--enable-source-maps", outfile, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, options, { stdio: "inherit" });
process.exitCode = status ?? 1;
