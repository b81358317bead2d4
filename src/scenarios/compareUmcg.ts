import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import {
  umcgForms,
  umcgHelperNames,
  umcgSteps,
  type UmcgForm,
  type UmcgHelperName,
} from "../systems/umcg/helpers.ts";
import { umcgBitsOption, type UmcgBits } from "../systems/umcg/umcg.ts";
import { given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import { prepareUmcg, umcgStepNames, type UmcgCase, type UmcgStep } from "./umcgBed.ts";
import { breakEven, pricesOf, siteInstructions, type UmcgInlining } from "./umcgInlining.ts";
import { measuredCall, type UmcgFigures } from "./umcgFigures.ts";

/** What is compared. Everything has a default. */
export interface CompareUmcgOptions {
  /** Default: x86-64, the only one that the patches know. */
  readonly archs?: readonly ArchName[];
  /** Default: all. */
  readonly helpers?: readonly UmcgHelperName[];
  /** Default: sleepable. */
  readonly forms?: readonly UmcgForm[];
  /** Default: 32. */
  readonly bits?: readonly UmcgBits[];
  /** Default: all. */
  readonly steps?: readonly UmcgStep[];
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareUmcgOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  helpers: optional(listOf(nameOf(umcgHelperNames))),
  forms: optional(listOf(nameOf(umcgForms))),
  bits: optional(listOf(umcgBitsOption)),
  steps: optional(listOf(nameOf(umcgStepNames))),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

/** One call on a machine anew. */
export interface UmcgRow extends UmcgFigures, UmcgCase {
  readonly arch: ArchName;
  /** Real time of one call here where nothing is in the way, in nanoseconds: the emulator's; else null. */
  readonly nsPerCall: number | null;
}

export interface UmcgComparison {
  readonly schemaVersion: 1;
  readonly scenario: "umcg-cmpxchg";
  readonly kernel: string;
  readonly rows: readonly UmcgRow[];
  /** One for each architecture. */
  readonly inlining: readonly UmcgInlining[];
}

/** What {@link compareUmcg} compares unless it is told otherwise. */
export const umcgDefaults = { archs: ["x86-64"], forms: ["sleepable"], bits: [32] } as const;

/**
 * A compare-and-exchange by every helper, with everything in its way. Words of 64 bits are left out where there are
 * none: in the futex, and on 32-bit architectures. Counts come from the study build, times from release.
 */
export async function compareUmcg(options: CompareUmcgOptions = {}): Promise<UmcgComparison> {
  checkOptions("options", options, compareOptions);
  const { archs = umcgDefaults.archs, kernel = newestKernel, wasm } = options;
  const shape = { kernel, memory: "1M", cpus: 2, tlbEntries: 64 } as const;
  let study = await Machine.create({ ...shape, build: "study", ...given(wasm?.study) });
  let release = await Machine.create({ ...shape, build: "release", ...given(wasm?.release) });
  const rows: UmcgRow[] = [];
  const inlining: UmcgInlining[] = [];
  for (const arch of archs) {
    for (const one of casesOf(options, (study = study.reset({ arch })))) {
      study = study.reset();
      const figures = measuredCall(prepareUmcg(study, one), one.step);
      release = release.reset({ arch });
      rows.push({ arch, ...one, ...figures, nsPerCall: realTime(release, one) });
    }
    study = study.reset();
    release = release.reset({ arch });
    inlining.push(inliningOf(study, release));
  }
  return {
    schemaVersion: 1,
    scenario: "umcg-cmpxchg",
    kernel: study.shape.kernel.version,
    rows,
    inlining,
  };
}

function casesOf(options: CompareUmcgOptions, machine: Machine): UmcgCase[] {
  const { helpers = umcgHelperNames, steps = umcgStepNames } = options;
  const { forms = umcgDefaults.forms, bits = umcgDefaults.bits } = options;
  return steps.flatMap((step) =>
    bits.flatMap((width) =>
      forms.flatMap((form) =>
        helpers
          .filter((helper) => width === 32 || (helper !== "futex" && machine.wordBytes === 8))
          .map((helper) => ({ helper, form, bits: width, step })),
      ),
    ),
  );
}

/** An increment with the steps of a helper, as often as it takes. */
function realTime(machine: Machine, { helper, form, bits, step }: UmcgCase): number | null {
  if (step !== "present") return null;
  const { task, at } = prepareUmcg(machine, { helper, form, bits, step });
  const steps = umcgSteps(helper, form);
  const { lo, hi } = machine.word(at, "at");
  const [ns] = nanosecondsPerTurn([
    (turns) => machine.exports.measureUmcg(task.cpu, lo, hi, bits / 8, steps, turns),
  ]);
  return ns!;
}

const plainCase: UmcgCase = { helper: "reviewed", form: "nosleep", bits: 32, step: "present" };

function inliningOf(study: Machine, release: Machine): UmcgInlining {
  const { arch } = study;
  const { instructions } = measuredCall(prepareUmcg(study, plainCase), plainCase.step);
  const site = siteInstructions(arch);
  const { task, at } = prepareUmcg(release, plainCase);
  const { lo, hi } = release.word(at, "at");
  const loop = (name: "ROUNDS_ATTEMPT" | "ROUNDS_CALLED") => (turns: number) =>
    release.exports.futexRounds(task.cpu, release.constant(name), lo, hi, lo, hi, turns);
  const [nsInline, nsOutOfLine] = nanosecondsPerTurn([
    loop("ROUNDS_ATTEMPT"),
    loop("ROUNDS_CALLED"),
  ]);
  return {
    arch,
    bodyInstructions: instructions,
    siteInstructions: site,
    breakEvenSites: breakEven(instructions, site),
    prices: pricesOf(instructions),
    nsInline: nsInline!,
    nsOutOfLine: nsOutOfLine!,
  };
}
