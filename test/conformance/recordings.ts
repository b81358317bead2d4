import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/base/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";

/** The project's copies of what was recorded of real kernels, and their replay. */

/** What is known of a system's recordings. */
export interface KnownRecordings<Kind extends string> {
  /** Their folder in test/golden. */
  readonly folder: string;
  /** A machine with room for the largest of them, of the kernel that they were made on. */
  readonly machine: Pick<MachineOptions, "memory" | "kernel">;
  /** Cases of each kind. */
  readonly cases: Readonly<Record<Kind, number>>;
  readonly steps: number;
}

/** What a replay of all recordings of a system left. */
export interface Replayed {
  readonly machine: Machine;
  readonly report: ReplayReport;
}

/** The recordings of one system. */
export class Recordings<Kind extends string> {
  readonly #known: KnownRecordings<Kind>;
  readonly kinds: readonly Kind[];

  constructor(known: KnownRecordings<Kind>) {
    this.#known = known;
    this.kinds = Object.keys(known.cases) as Kind[];
  }

  /** A machine to replay on. */
  createMachine(options: Pick<MachineOptions, "build" | "wasm" | "cpus"> = {}): Promise<Machine> {
    return Machine.create({ ...this.#known.machine, ...options });
  }

  /** The lines of some kinds' files. */
  lines(...kinds: readonly Kind[]): string[] {
    return kinds.flatMap((kind) => {
      const file = new URL(`../golden/${this.#known.folder}/${kind}.jsonl.gz`, import.meta.url);
      const text = gunzipSync(readFileSync(fileURLToPath(file))).toString();
      return text.split("\n").filter((line) => line !== "");
    });
  }

  /** Replays lines, as of one file. */
  replay(machine: Machine, lines: Iterable<string>, options: EmulationOptions = {}): ReplayReport {
    const replayer = new Replayer(emulatedSystems(machine, options));
    let line = 0;
    for (const text of lines) replayer.replayLine(this.#known.folder, ++line, text);
    return replayer.report();
  }

  /** Replays all of them on a build: none may fail, and none be missing. */
  async expectAllToPass(build: BuildName, options: EmulationOptions = {}): Promise<Replayed> {
    const { cases, steps } = this.#known;
    const machine = await this.createMachine({ build });
    const report = this.replay(machine, this.lines(...this.kinds), options);
    expect(report.failures).toEqual([]);
    expect(
      Object.fromEntries(Object.entries(report.kinds).map(([kind, { passed }]) => [kind, passed])),
    ).toEqual(cases);
    expect(report.steps).toBe(steps);
    return { machine, report };
  }
}
