import { execFileSync, spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { release, tmpdir, type } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REMOTE_SIZES } from "../cells.ts";
import type { CellId } from "../cells.ts";
import type { Peer, TimedWork, Work } from "../peer.ts";
import { projectRoot } from "../root.ts";

/** So the program's and the kernel's code is in the caches; nothing is compiled while it runs. */
const WARM_MS = 50;
const COMPILERS = ["cc", "gcc", "clang"];
const NAME = "native";

/** A program that reads a child's memory n times on request (bench/native/processVm.c). */
class Reader {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string) {
    this.#process = spawn(program);
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** Nanoseconds of n reads. Throws an Error where the system lets nobody read so. */
  async read(bytes: number, n: number): Promise<{ ns: number; checksum: number }> {
    this.#process.stdin.write(`${bytes} ${n}\n`);
    const { value, done } = await this.#answers.next();
    const [ns, moved] = done === true ? [] : value.split(" ").map(Number);
    if (ns === undefined || moved !== bytes) {
      throw new Error(`process_vm_readv of ${bytes} bytes gave ${moved ?? "nothing"}`);
    }
    return { ns, checksum: moved };
  }

  /** Resolves when the program and its child are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once("close", () => resolve());
      this.#process.stdin.end();
    });
  }
}

/** Compiles the program into a folder with the first compiler that there is: its path, or null. */
function compileReader(folder: string): string | null {
  const source = join(projectRoot(), "bench", "native", "processVm.c");
  const program = join(folder, "processVm");
  for (const compiler of COMPILERS) {
    try {
      execFileSync(compiler, ["-O2", "-o", program, source], { stdio: "ignore" });
      return program;
    } catch {
      // the next one may be there
    }
  }
  return null;
}

function absent(why: string): Peer {
  return { name: NAME, about: `absent: ${why}`, works: new Map() };
}

function works(reader: Reader): ReadonlyMap<CellId, Work> {
  return new Map(
    Object.entries(REMOTE_SIZES).map(([variant, bytes]): [CellId, TimedWork] => [
      `W3.${variant}`,
      { kind: "timed", warmMs: WARM_MS, run: (n) => reader.read(bytes, n) },
    ]),
  );
}

/** The machine's own kernel: process_vm_readv of resident memory, where a C compiler is there to measure it. */
export async function createNativePeer(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "faultline-native-"));
  const program = compileReader(folder);
  const discard = () => rmSync(folder, { recursive: true });
  if (program === null) {
    discard();
    return absent(`no C compiler (${COMPILERS.join(", ")}) that builds for Linux`);
  }
  const reader = new Reader(program);
  try {
    await reader.read(1, 1);
  } catch (error) {
    discard();
    return absent((error as Error).message);
  }
  discard();
  return {
    name: NAME,
    about: `process_vm_readv of resident memory by the machine's own kernel, ${type()} ${release()}`,
    works: works(reader),
    close: () => reader.close(),
  };
}
