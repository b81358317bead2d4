import { checkOptions, nameOf, optional, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { EventKind } from "../machine/events.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { umcgForms, umcgHelperNames } from "../systems/umcg/helpers.ts";
import { umcgBitsOption } from "../systems/umcg/umcg.ts";
import { given } from "./compareSyncPtr.ts";
import { prepareUmcg, umcgStepNames, type UmcgCase } from "./umcgBed.ts";
import { measuredCall, type UmcgFigures } from "./umcgFigures.ts";

/** What is run. Everything has a default. */
export interface RunUmcgOptions extends Partial<UmcgCase> {
  readonly arch?: ArchName;
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const runOptions: Shape<RunUmcgOptions> = {
  arch: optional(nameOf(archNames)),
  helper: optional(nameOf(umcgHelperNames)),
  form: optional(nameOf(umcgForms)),
  bits: optional(umcgBitsOption),
  step: optional(nameOf(umcgStepNames)),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

/** One compare-and-exchange, and the way it went. */
export interface UmcgRun extends UmcgCase, UmcgFigures {
  readonly schemaVersion: 1;
  readonly scenario: "umcg-cmpxchg";
  readonly arch: ArchName;
  readonly kernel: string;
  /** What the caller's CPU did, in order. */
  readonly trace: readonly EventKind[];
  readonly findings: readonly Finding[];
}

/** What {@link runUmcg} does unless it is told otherwise. */
export const runUmcgDefaults = {
  arch: "x86-64",
  helper: "reviewed",
  form: "sleepable",
  bits: 32,
  step: "absent",
} as const;

/**
 * Makes one compare-and-exchange on the study build.
 * @throws UsageError for 64 bits where the helper or the architecture has 32 alone
 */
export async function runUmcg(options: RunUmcgOptions = {}): Promise<UmcgRun> {
  checkOptions("options", options, runOptions);
  const { arch = runUmcgDefaults.arch, kernel = newestKernel, wasm } = options;
  const { helper = runUmcgDefaults.helper, form = runUmcgDefaults.form } = options;
  const { bits = runUmcgDefaults.bits, step = runUmcgDefaults.step } = options;
  const machine = await Machine.create({
    arch,
    kernel,
    build: "study",
    memory: "1M",
    cpus: 2,
    tlbEntries: 64,
    ...given(wasm),
  });
  const bed = prepareUmcg(machine, { helper, form, bits, step });
  const since = machine.eventCount;
  const figures = measuredCall(bed, step);
  const own = machine.events(since).filter(({ cpu }) => cpu === bed.task.cpu);
  return {
    schemaVersion: 1,
    scenario: "umcg-cmpxchg",
    arch,
    kernel: machine.shape.kernel.version,
    helper,
    form,
    bits,
    step,
    ...figures,
    trace: own.map(({ kind }) => kind),
    findings: machine.findings(),
  };
}
