import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The command as `npm run build` leaves it: what a user runs. */
export const commandFile = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another copy of the command than the repository's. */
  readonly file?: string;
}

export function start(args: readonly string[], options: CallOptions = {}): ChildProcess {
  const env = { ...process.env, ...options.env };
  return spawn(process.execPath, [options.file ?? commandFile, ...args], { env });
}

/** Runs the command to its end. */
export async function faultline(args: readonly string[], options?: CallOptions): Promise<Ended> {
  const child = start(args, options);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  const [status] = (await once(child, "close")) as [number | null];
  return { status, ...output };
}

/** The object that a command with --json prints; fails unless it ended well and said nothing else. */
export async function jsonOf(args: readonly string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await faultline([...args, "--json"]);
  if (status !== 0 || stderr !== "") throw new Error(`exit ${status}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "faultline-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
