import { execFileSync, spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { release, tmpdir, type } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REMOTE_SIZES } from "../cells.ts";
import type { CellId } from "../cells.ts";
import type { Peer, TimedWork } from "../peer.ts";
import { projectRoot } from "../root.ts";

/** So the program's and the kernel's code is in the caches; nothing is compiled while it runs. */
const WARM_MS = 50;
const COMPILERS = ["cc", "gcc", "clang"];
const NAME = "native";

/** A program of bench/native: a request is a line, and so is its answer, nanoseconds and a result. */
class Program {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(path: string) {
    this.#process = spawn(path);
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** Throws an Error where the program has ended instead of answering. */
  async ask(request: string): Promise<{ ns: number; checksum: number }> {
    this.#process.stdin.write(`${request}\n`);
    const { value, done } = await this.#answers.next();
    const [ns, checksum] = done === true ? [] : value.split(" ").map(Number);
    if (ns === undefined || checksum === undefined) throw new Error(`"${request}" gave nothing`);
    return { ns, checksum };
  }

  /** Resolves when the program and its children are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once("close", () => resolve());
      this.#process.stdin.end();
    });
  }
}

/** What one of the programs can do, and what it is. */
interface Ability {
  readonly file: string;
  readonly about: string;
  /** What to ask for each cell, but for how often. */
  readonly requests: ReadonlyMap<CellId, string>;
}

const ABILITIES: readonly Ability[] = [
  {
    file: "processVm",
    about: "process_vm_readv of resident memory",
    requests: new Map(
      Object.entries(REMOTE_SIZES).map(([variant, bytes]) => [`W3.${variant}`, `${bytes}`]),
    ),
  },
  {
    file: "exchange",
    about: "compare-and-exchange and futex in C",
    requests: new Map([
      ["W4.1", "1"],
      ["W4.2", "2"],
      ["W4.ping", "p"],
    ]),
  },
];

/** Compiles a program into a folder with the first compiler that there is, and starts it; null without one. */
function start(folder: string, file: string): Program | null {
  const source = join(projectRoot(), "bench", "native", `${file}.c`);
  const path = join(folder, file);
  for (const compiler of COMPILERS) {
    try {
      execFileSync(compiler, ["-O2", "-pthread", "-o", path, source], { stdio: "ignore" });
    } catch {
      continue; // the next one may be there
    }
    return new Program(path);
  }
  return null;
}

/** An ability that is here, or the reason why it is not. */
type Started = { readonly ability: Ability; readonly program: Program } | { readonly why: string };

async function startAbility(folder: string, ability: Ability): Promise<Started> {
  const program = start(folder, ability.file);
  if (program === null) {
    return { why: `no C compiler (${COMPILERS.join(", ")}) that builds ${ability.file}` };
  }
  try {
    for (const request of ability.requests.values()) await program.ask(`${request} 1`);
    return { ability, program };
  } catch (error) {
    return { why: `${ability.file}: ${(error as Error).message}` };
  }
}

function works(ability: Ability, program: Program): [CellId, TimedWork][] {
  return [...ability.requests].map(([id, request]) => [
    id,
    { kind: "timed", warmMs: WARM_MS, run: (n) => program.ask(`${request} ${n}`) },
  ]);
}

function describe(started: readonly Started[]): string {
  const parts = started.map((one) => ("why" in one ? `absent: ${one.why}` : one.ability.about));
  return `${parts.join("; ")}; the machine's own kernel, ${type()} ${release()}`;
}

/** The machine's own processor and kernel, as far as a C compiler is there to measure them. */
export async function createNativePeer(): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "faultline-native-"));
  const started: Started[] = [];
  for (const ability of ABILITIES) started.push(await startAbility(folder, ability));
  rmSync(folder, { recursive: true }); // what runs needs its file no longer
  const there = started.flatMap((one) => ("why" in one ? [] : [one]));
  return {
    name: NAME,
    about: describe(started),
    works: new Map(there.flatMap(({ ability, program }) => works(ability, program))),
    close: async () => {
      for (const { program } of there) await program.close();
    },
  };
}
