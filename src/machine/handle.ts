import { UsageError } from "../base/errors.ts";
import type { CoreMemory } from "./coreMemory.ts";

/**
 * The place of an object in the core, as long as it is there: asking for it after the object was given up, or after
 * its machine was reset, is a mistake of the caller and is said, because somebody else may live there by then.
 */
export class Handle {
  readonly #machine: CoreMemory;
  readonly #what: string;
  readonly #address: number;
  readonly #born: number;
  /** How and when the object came to its end; undefined while it lives. */
  #end: { readonly how: string; readonly moment: number } | undefined;

  constructor(machine: CoreMemory, what: string, address: number) {
    this.#machine = machine;
    this.#what = what;
    this.#address = address;
    this.#born = machine.nextMoment();
  }

  /** Linear address. @throws UsageError when the object is gone */
  get address(): number {
    this.check();
    return this.#address;
  }

  /** The machine the object lives on. @throws UsageError when the object is gone */
  get machine(): CoreMemory {
    this.check();
    return this.#machine;
  }

  /** Linear address, for use on `machine`. @throws UsageError when the object is gone or of another machine */
  addressOn(machine: CoreMemory): number {
    if (machine === this.#machine) return this.address;
    throw new UsageError({
      argument: this.#what,
      problem: "belongs to another machine",
      valid: `a ${this.#what} of this machine`,
    });
  }

  /** False once the object is gone. */
  get isLive(): boolean {
    return this.#problem() === undefined;
  }

  /** The object is given up; `how` says it in words: "was closed". */
  release(how: string): void {
    this.check();
    this.#end = { how, moment: this.#machine.nextMoment() };
  }

  /** @throws UsageError when the object is gone */
  check(): void {
    const problem = this.#problem();
    if (problem === undefined) return;
    throw new UsageError({ argument: this.#what, problem, valid: `a live ${this.#what}` });
  }

  /** A restore takes back ends and beginnings alike. */
  #problem(): string | undefined {
    const machine = this.#machine;
    if (!machine.isCurrent) return "is of a machine that was reset since";
    if (machine.wasTakenBack(this.#born)) return "was made after the snapshot that was restored";
    return this.#end === undefined || machine.wasTakenBack(this.#end.moment)
      ? undefined
      : this.#end.how;
  }
}
