// Builds everything `npm ci` promises: the four cores from one source, their typed exports, and the library.
//
//   assembly/ ──asc──▶ build/*.wasm ──wasm-opt (study: asyncify; profile: names kept)──▶ wasm/*.wasm
//   wasm/release.wasm ──base64──▶ src/core/generated/releaseWasm.ts        src/ ──tsc──▶ dist/
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const bin = (name) => join("node_modules", ".bin", name);

// Functions that the profile build keeps apart, so that a CPU profile names the phases of a call: phase → name parts.
const PHASES = JSON.parse(readFileSync("assembly/phases.json", "utf8"));

async function asc(target, ...extra) {
  await run(bin("asc"), ["--target", target, ...extra]);
}

async function wasmOpt(...args) {
  await run(bin("wasm-opt"), args);
}

async function buildRelease() {
  await asc("release", "--bindings", "raw");
  writeFileSync("wasm/release.wasm", readFileSync("build/release.wasm"));
  const types = readFileSync("build/release.d.ts", "utf8");
  writeFileSync("src/core/generated/coreExports.d.ts", types);
  const base64 = readFileSync("wasm/release.wasm").toString("base64");
  writeFileSync(
    "src/core/generated/releaseWasm.ts",
    `/** The release core, inlined so that the library needs no path to it. Made by scripts/build.mjs. */\nexport const releaseWasm: string =\n  "${base64}";\n`,
  );
}

/**
 * The numbers that the host needs, from a build of their own: read from the compiled module's exports, so that what
 * offsetof and the compiler made of them is what the host gets. Signedness is in the typed bindings alone.
 */
async function buildConstants() {
  const out = "build/constants.wasm";
  await run(bin("asc"), [
    "assembly/constants.ts",
    "--config",
    "none",
    "--runtime",
    "stub",
    "--noAssert",
    "--bindings",
    "raw",
    "--use",
    "STUDY=1",
    "--use",
    "THREADS=0",
    "-o",
    out,
  ]);
  const types = readFileSync(out.replace(".wasm", ".d.ts"), "utf8");
  const signed = new Set(
    [...types.matchAll(/const (\w+): \{\s*\/\*\* @type `i32` \*\//g)].map((match) => match[1]),
  );
  const host = { switchFiber: () => 0 };
  const { instance } = await WebAssembly.instantiate(readFileSync(out), { host, env: {} });
  const rows = Object.entries(instance.exports)
    .filter(([, value]) => value instanceof WebAssembly.Global)
    .map(([name, { value }]) => `  ${name}: ${signed.has(name) ? value : value >>> 0},`);
  writeFileSync(
    "src/core/generated/coreConstants.ts",
    `/** The core's numbers, made by scripts/build.mjs from assembly/constants.ts. */\nexport const coreConstants = {\n${rows.sort().join("\n")}\n} as const;\n`,
  );
}

async function buildThreads() {
  await asc("threads");
  writeFileSync("wasm/threads.wasm", readFileSync("build/threads.wasm"));
}

async function buildStudy() {
  await asc("study");
  await wasmOpt(
    "build/study.raw.wasm",
    "--all-features",
    "--asyncify",
    "--pass-arg=asyncify-imports@host.switchFiber",
    "-O3",
    "-o",
    "wasm/study.wasm",
  );
}

async function buildProfile() {
  await asc("profile", "--transform", "./scripts/profileTransform.mjs");
  const keep = Object.values(PHASES)
    .flat()
    .map((name) => `--no-inline=*${name}*`);
  await wasmOpt(
    "build/profile.raw.wasm",
    "-g",
    "--all-features",
    ...keep,
    "-O3",
    "-o",
    "wasm/profile.wasm",
  );
}

/** A hash over a folder's files and some more, so that nothing is built twice from the same sources. */
function sourceHash(folder, ...more) {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  for (const file of [...files.sort(), ...more, "scripts/build.mjs", "package-lock.json"]) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs `build` unless `stamp` says that these sources were built and `product` is there. */
async function once(stamp, hash, product, build) {
  const built = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (built && existsSync(product)) return;
  await build();
  writeFileSync(stamp, hash);
}

async function buildCores() {
  for (const folder of ["build", "wasm", "src/core/generated"]) {
    mkdirSync(folder, { recursive: true });
  }
  await Promise.all([buildRelease(), buildConstants()]);
  await Promise.all([buildThreads(), buildStudy()]);
  await buildProfile();
}

/** The command is run as a program by npm's links to it. */
async function buildLibrary() {
  await run(bin("tsc"), ["-p", "tsconfig.build.json"]);
  chmodSync("dist/cli/main.js", 0o755);
  // tsc does not copy declarations it was given
  copyFileSync("src/core/generated/coreExports.d.ts", "dist/core/generated/coreExports.d.ts");
}

try {
  mkdirSync("build", { recursive: true });
  await once(
    "build/cores.sha256",
    sourceHash("assembly", "asconfig.json", "scripts/profileTransform.mjs"),
    "src/core/generated/coreConstants.ts",
    buildCores,
  );
  if (!process.argv.includes("--cores")) {
    await once(
      "build/library.sha256",
      sourceHash("src", "tsconfig.json", "tsconfig.build.json"),
      "dist/cli/main.js",
      buildLibrary,
    );
  }
} catch (error) {
  process.stderr.write(`${error.stdout ?? ""}${error.stderr ?? error}\n`);
  process.exit(1);
}
