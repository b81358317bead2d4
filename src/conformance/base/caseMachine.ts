/** The emulated machine behind every replayer: how a replay runs it, and how it comes to a case clean. */

import { callback, checkOptions, optional, whole, type Shape } from "../../base/checks.ts";
import type { FindingKind } from "../../machine/findings.ts";
import { madeMachine, MOST_SWITCHES, type Machine } from "../../machine/machine.ts";
import { NotImplementedError } from "./notImplemented.ts";

/** How a replay runs the machine. */
export interface EmulatedOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

export const emulatedOptions: Shape<EmulatedOptions> = {
  switchEvery: optional(whole(0, MOST_SWITCHES)),
  onKernel: optional(callback),
};

/** Findings about what a device said, not about the modelled kernel. */
const deviceFindings: readonly FindingKind[] = ["pcm-position", "pcm-unexpected", "virtio-length"];

/** What a case is replayed in. */
export function insideCase<World>(world: World | null): World {
  if (world === null) throw new NotImplementedError("steps outside of a case");
  return world;
}

/** A {@link Machine} that a replay takes over: every case finds it without anything of the case before. */
export class CaseMachine {
  readonly #options: EmulatedOptions;
  #machine: Machine;
  #release: string | null = null;
  #isClean = false;
  #framesInUse = 0;
  #findings = 0;

  constructor(machine: Machine, options: EmulatedOptions) {
    madeMachine("machine", machine);
    checkOptions("options", options, emulatedOptions);
    this.#machine = machine;
    this.#options = options;
  }

  get machine(): Machine {
    return this.#machine;
  }

  /**
   * Begins a case. The machine on which the case before left nothing is taken as it stands: a start takes longer than
   * a case.
   *
   * @param kernel release as recorded: "6.12.117+deb12-amd64", or behind a name: "Linux 6.18.44 x86_64"
   * @param prepare what is done to a machine that was just started
   */
  begin(kernel: string, prepare: (machine: Machine) => void = () => undefined): Machine {
    const release = kernel.replace(/^\D*/, "");
    this.#options.onKernel?.(release);
    const fits = this.#isClean && this.#release === release && this.#machine.isCurrent;
    if (!fits) {
      this.restart({ kernel: release });
      prepare(this.#machine);
      this.#release = release;
      this.#framesInUse = this.#machine.framesInUse;
    }
    this.#isClean = false;
    return this.#machine;
  }

  /** Starts the machine anew. */
  restart(options: { readonly kernel?: string } = {}): Machine {
    this.#machine = this.#machine.reset(options);
    this.#machine.switchEvery = this.#options.switchEvery ?? 0;
    this.#findings = 0;
    return this.#machine;
  }

  /** Ends a case, of which `left` is known to stay; all that stays; empty if nothing. */
  end(left: readonly string[] = []): readonly string[] {
    const extra = this.#machine.framesInUse - this.#framesInUse;
    const all = extra === 0 ? left : [...left, `${extra} frames more are in use`];
    this.#isClean = all.length === 0;
    return all;
  }

  /** The next case begins on a machine that was just started, even if this one left nothing. */
  requireRestart(): void {
    this.#isClean = false;
  }

  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[] {
    const known = this.#findings;
    this.skipFindings();
    if (this.#findings === known) return [];
    return this.#machine
      .findings()
      .slice(known - this.#findings)
      .filter(({ kind }) => !deviceFindings.includes(kind))
      .map(({ meaning }) => meaning);
  }

  /** Counts everything found until now as known. */
  skipFindings(): void {
    this.#findings = this.#machine.header("HEADER_FINDING_COUNT");
  }
}
