/**
 * The browser that the tests drive: an installed one that FAULTLINE_CHROME names, or the Chromium that a development
 * dependency carries, so that `npm ci` is all a fresh Linux machine needs.
 *
 *   node_modules/@sparticuz/chromium/bin/*.br ──once──▶ node_modules/.cache/faultline/chromium-<version>/
 *                                                         ├ chromium
 *                                                         └ al2023/lib/   libnss3.so, libnspr4.so, …
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser, type Page } from "playwright-core";
import { root } from "./bundle.ts";

const run = promisify(execFile);

/** Headless, without what a container lacks, and silent towards the network. */
const flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];

/** A program, and the environment it starts in. */
interface Program {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The clock of the test is the only one: a browser may take long to start on a machine that has much else to do. */
const NO_LIMIT = 0;

/** Starts the browser. @throws Error saying what is missing and how to name another browser */
export async function launchChromium(): Promise<Browser> {
  const named = process.env["FAULTLINE_CHROME"];
  const { path, env } = named ? installedChrome(named) : await carriedChromium();
  return chromium.launch({
    executablePath: path,
    args: flags,
    env: definedIn(env),
    timeout: NO_LIMIT,
  });
}

/** A page whose address and script may take as long as the test. */
export async function newPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(NO_LIMIT);
  return page;
}

function installedChrome(path: string): Program {
  if (!existsSync(path)) throw new Error(`FAULTLINE_CHROME is ${path}, where no program lies`);
  return { path, env: process.env };
}

async function carriedChromium(): Promise<Program> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      `the Chromium among the dependencies runs on Linux on x64, not on ${process.platform} on ${process.arch}: ` +
        "name an installed Chrome or Chromium in FAULTLINE_CHROME",
    );
  }
  const folder = await unpacked();
  const path = join(folder, "chromium");
  const plain = { path, env: process.env };
  if ((await startProblem(plain)) === null) return plain;
  const ownLibraries = { path, env: { ...process.env, LD_LIBRARY_PATH: librariesOf(folder) } };
  const problem = await startProblem(ownLibraries);
  if (problem === null) return ownLibraries;
  throw new Error(
    `${path} does not start: ${problem}\nname an installed Chrome or Chromium in FAULTLINE_CHROME`,
  );
}

function librariesOf(folder: string): string {
  const before = process.env["LD_LIBRARY_PATH"];
  const own = join(folder, "al2023", "lib");
  return before ? `${own}:${before}` : own;
}

/** What keeps the program from starting, such as a missing library; null if nothing does. */
async function startProblem({ path, env }: Program): Promise<string | null> {
  return run(path, ["--version"], { env }).then(
    () => null,
    (error: Error & { stderr?: string }) => error.stderr || error.message,
  );
}

/** The folder with the unpacked browser; unpacked beside it first, so that no half of one is ever taken for whole. */
async function unpacked(): Promise<string> {
  const source = join(root, "node_modules", "@sparticuz", "chromium", "package.json");
  const { version } = JSON.parse(await readFile(source, "utf8")) as { version: string };
  const cache = join(root, "node_modules", ".cache", "faultline");
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const staging = await mkdtemp(join(cache, "unpacking-"));
  try {
    const script = fileURLToPath(new URL("unpackChromium.mjs", import.meta.url));
    const env = {
      ...process.env,
      TMPDIR: staging,
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x",
    };
    await run(process.execPath, [script], { env });
    await renameUnlessThere(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

/** Another run may have been faster; its folder is as good. */
async function renameUnlessThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!existsSync(to)) throw error;
  });
}

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
