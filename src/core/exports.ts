import type { coreConstants } from "./generated/coreConstants.ts";
import type { instantiate } from "./generated/coreExports.d.ts";

/** Name of a number that the core gives the host. */
export type ConstantName = keyof typeof coreConstants;

/** The core's exports as the compiler describes them: functions over 32-bit numbers. */
export type CoreExports = Awaited<ReturnType<typeof instantiate>>;

/** Who is asked when a fiber gives way (study build). Answers 0 when nobody schedules. */
export type FiberSwitch = (cpu: number, why: number) => number;

/** asyncify's own exports, present in the study build alone. */
export interface AsyncifyExports {
  asyncify_start_unwind(data: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(data: number): void;
  asyncify_stop_rewind(): void;
}

/** What fibers need of an instance. */
export interface FiberHost {
  readonly exports: CoreExports;
  readonly asyncify: AsyncifyExports | undefined;
  readonly memory: WebAssembly.Memory;
  onSwitch: FiberSwitch;
}
