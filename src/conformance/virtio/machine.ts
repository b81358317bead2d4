/**
 * The machine that the replayer of virtio-snd drives: a device that is plugged in, the driver that binds to it, and an
 * application. The replayer holds no answers: every value it compares comes through this interface.
 */

import type { DeviceDescription, Recorded, VirtioSndOperation } from "./steps.ts";

/** What a case fixes before its steps. */
export interface VirtioSndSetup {
  /** Kernel release, as recorded. */
  readonly release: string;
  readonly device: DeviceDescription;
}

export interface VirtioSndMachine {
  /** Drops everything of the case before and gets ready for a new one. */
  reset(setup: VirtioSndSetup): void;
  /** Byte lengths of the adjacent parts of a stream's ring from its next HW_PARAMS on. */
  setRingPieces(stream: number, lengths: readonly number[]): void;
  /** Does a step: its answers under the names that the traces give them. */
  perform(operation: VirtioSndOperation): Recorded;
  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];
}
