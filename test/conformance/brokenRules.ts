import { expect } from "vitest";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { mutantCore, type Mutation } from "../support/mutant.ts";
import type { Recordings } from "./recordings.ts";

/** A rule of the core, broken: recorded cases fail, in the field where it shows. */
export interface BrokenRule<Kind extends string> {
  readonly rule: string;
  readonly mutation: Mutation;
  readonly kind: Kind;
  /** What differs in some case. */
  readonly field: string | RegExp;
}

/** Replays the recordings of the kind on a core with the mistake. */
export async function expectNoticed<Kind extends string>(
  recordings: Recordings<Kind>,
  { mutation, kind, field }: BrokenRule<Kind>,
  options: EmulationOptions = {},
): Promise<void> {
  const wasm = await mutantCore("release", [mutation]);
  const machine = await recordings.createMachine({ wasm });
  const { failures } = recordings.replay(machine, recordings.lines(kind), options);
  const wanted = typeof field === "string" ? field : (expect.stringMatching(field) as unknown);
  expect(failures.map((failure) => failure.field)).toContainEqual(wanted);
}
