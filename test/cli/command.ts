import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import { runCommand } from "../../src/cli/command.ts";

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

/** Runs the command as a process of its own, to its end. */
export async function spawned(args: readonly string[], options?: CallOptions): Promise<Ended> {
  const child = start(args, options);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  const [status] = (await once(child, "close")) as [number | null];
  return { status, ...output };
}

/**
 * Runs the command in this process: for what it answers, of which most takes less time than a process needs to begin.
 * Of the process itself main.ts says no more than the status.
 */
export async function faultline(args: readonly string[]): Promise<Ended> {
  const output = { stdout: "", stderr: "" };
  const writers = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      output[name] += text.toString();
      return true;
    }),
  );
  const listeners = [process, process.stdout].map((on) => listenersOf(on));
  try {
    const status = await runCommand([...args]);
    return { status, ...output };
  } finally {
    for (const writer of writers) writer.mockRestore();
    for (const restore of listeners) restore();
  }
}

/** Ends what a command listens to up to the end of its process. */
function listenersOf(on: NodeJS.EventEmitter): () => void {
  const names = ["SIGINT", "error"];
  const before = new Set(names.flatMap((name) => on.listeners(name)));
  return () => {
    for (const name of names) {
      for (const listener of on.listeners(name)) {
        if (!before.has(listener)) on.removeListener(name, listener as () => void);
      }
    }
  };
}

/** The object that a command with --json prints; fails unless it ended well and said nothing else. */
export async function jsonOf(
  args: readonly string[],
  run: typeof faultline = faultline,
): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run([...args, "--json"]);
  if (status !== 0 || stderr !== "") throw new Error(`exit ${status}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "faultline-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
