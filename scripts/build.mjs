// Builds everything `npm ci` promises: the four cores from one source, their typed exports, and the library.
//
//   assembly/ ──asc──▶ build/*.wasm ──wasm-opt (study: asyncify; profile: names kept)──▶ build/*.wasm
//   build/*.wasm + a section that says which core of which release it is ──▶ wasm/*.wasm
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
  const types = readFileSync("build/release.d.ts", "utf8");
  writeFileSync("src/core/generated/coreExports.d.ts", types);
}

/** The command and pages without a bundler need no path to it. */
function inlineRelease() {
  const base64 = readFileSync("wasm/release.wasm").toString("base64");
  writeFileSync(
    "src/core/generated/releaseWasm.ts",
    `/** The release core, inlined so that the library needs no path to it. Made by scripts/build.mjs. */\nexport const releaseWasm: string =\n  "${base64}";\n`,
  );
}

const RELEASE_SECTION = "faultline";

/** What the build writes among the library's sources. */
const GENERATED = ["coreConstants.ts", "coreExports.d.ts", "coreRelease.ts", "releaseWasm.ts"].map(
  (file) => join("src/core/generated", file),
);

/**
 * What the host and its cores must agree on, as one line: the release, and a hash over the numbers and the exports.
 */
function writeRelease() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const hash = createHash("sha256");
  for (const file of ["coreConstants.ts", "coreExports.d.ts"]) {
    hash.update(readFileSync(join("src/core/generated", file)));
  }
  const release = `${version} (interface ${hash.digest("hex").slice(0, 16)})`;
  writeFileSync(
    "src/core/generated/coreRelease.ts",
    `/** Which cores this library works with, made by scripts/build.mjs. */\nexport const coreRelease = "${release}";\n\n/** The custom section in which a core says "<build> <release>". */\nexport const RELEASE_SECTION = "${RELEASE_SECTION}";\n`,
  );
  return release;
}

/** A custom section: id 0, length, name with its length, content. Each length here is below 128, one LEB128 byte. */
function section(name, content) {
  const body = Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.from(content)]);
  return Buffer.concat([Buffer.of(0, body.length), body]);
}

function signCores() {
  const release = writeRelease();
  for (const build of ["release", "threads", "study", "profile"]) {
    const core = readFileSync(`build/${build}.wasm`);
    const signature = section(RELEASE_SECTION, `${build} ${release}`);
    writeFileSync(`wasm/${build}.wasm`, Buffer.concat([core, signature]));
  }
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

async function buildStudy() {
  await asc("study");
  await wasmOpt(
    "build/study.raw.wasm",
    "--all-features",
    "--asyncify",
    "--pass-arg=asyncify-imports@host.switchFiber",
    "-O3",
    "-o",
    "build/study.wasm",
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
    "build/profile.wasm",
  );
}

/** A hash over a folder's files and some more, so that nothing is built twice from the same sources. */
function sourceHash(folder, ...more) {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  for (const file of [
    ...files.sort(),
    ...more,
    "scripts/build.mjs",
    "package.json",
    "package-lock.json",
  ]) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs `build` unless `stamp` says that these sources were built and its products are there. */
async function once(stamp, hash, products, build) {
  const built = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (built && products.every((product) => existsSync(product))) return;
  process.stderr.write(`building: ${products.join(", ")}\n`);
  await build();
  writeFileSync(stamp, hash);
}

async function buildCores() {
  for (const folder of ["build", "wasm", "src/core/generated"]) {
    mkdirSync(folder, { recursive: true });
  }
  await Promise.all([buildRelease(), buildConstants()]);
  await Promise.all([asc("threads"), buildStudy()]);
  await buildProfile();
  signCores();
  inlineRelease();
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
    ["wasm/release.wasm", ...GENERATED],
    buildCores,
  );
  if (!process.argv.includes("--cores")) {
    await once(
      "build/library.sha256",
      sourceHash("src", "tsconfig.json", "tsconfig.build.json"),
      ["dist/cli/main.js"],
      buildLibrary,
    );
  }
} catch (error) {
  process.stderr.write(`${error.stdout ?? ""}${error.stderr ?? error}\n`);
  process.exit(1);
}
