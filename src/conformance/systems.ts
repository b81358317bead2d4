/** The machines behind a replay: one for each system that traces are of, over the same memory. */

import { checkOptions, objectOf, withMethods, type Shape } from "../base/checks.ts";
import type { Machine } from "../machine/machine.ts";
import { EmulatedFutex, futexOptions, type EmulatedFutexOptions } from "./futex/emulated.ts";
import type { FutexMachine } from "./futex/machine.ts";
import { pcmMachine } from "./pcm/arguments.ts";
import { EmulatedPcm } from "./pcm/emulated.ts";
import type { PcmMachine } from "./pcm/machine.ts";
import { EmulatedPerfRegs } from "./perf/emulated.ts";
import type { PerfRegsMachine } from "./perf/machine.ts";
import {
  EmulatedRemoteVm,
  remoteVmOptions,
  type EmulatedRemoteVmOptions,
} from "./remote/emulated.ts";
import type { RemoteVmMachine } from "./remote/machine.ts";
import { EmulatedVirtioSnd } from "./virtio/emulated.ts";
import type { VirtioSndMachine } from "./virtio/machine.ts";

/** What a {@link Replayer} drives. */
export interface ReplayedSystems {
  readonly pcm: PcmMachine;
  readonly remoteVm: RemoteVmMachine;
  readonly perfRegs: PerfRegsMachine;
  readonly virtioSnd: VirtioSndMachine;
  readonly futex: FutexMachine;
}

const remoteVmMethods: readonly (keyof RemoteVmMachine)[] = [
  "reset",
  "perform",
  "mappings",
  "pageLetters",
  "pageChecksums",
  "takeFindings",
  "finish",
];
const perfRegsMethods: readonly (keyof PerfRegsMachine)[] = [
  "reset",
  "perform",
  "symbol",
  "takeFindings",
  "finish",
];
const virtioSndMethods: readonly (keyof VirtioSndMachine)[] = [
  "reset",
  "setRingPieces",
  "perform",
  "takeFindings",
];
const futexMethods: readonly (keyof FutexMachine)[] = [
  "reset",
  "prepare",
  "perform",
  "words",
  "sleepers",
  "takeFindings",
  "finish",
];
/** Machines of the caller's own may be replayed on too. */
export const replayedSystems = objectOf<ReplayedSystems>({
  pcm: pcmMachine,
  remoteVm: withMethods(remoteVmMethods),
  perfRegs: withMethods(perfRegsMethods),
  virtioSnd: withMethods(virtioSndMethods),
  futex: withMethods(futexMethods),
});

/** How a replay runs the machine: what any of its systems can be told. */
export interface EmulationOptions extends EmulatedRemoteVmOptions, EmulatedFutexOptions {}

const emulationOptions: Shape<EmulationOptions> = { ...remoteVmOptions, ...futexOptions };

/** Every system on one {@link Machine}, which they take over in turn: each resets it when it comes to a case. */
export function emulatedSystems(machine: Machine, options: EmulationOptions = {}): ReplayedSystems {
  checkOptions("options", options, emulationOptions);
  const { remotePath = "slow", threads, ...common } = options;
  return {
    pcm: new EmulatedPcm(machine, common),
    remoteVm: new EmulatedRemoteVm(machine, { ...common, remotePath }),
    perfRegs: new EmulatedPerfRegs(machine, common),
    virtioSnd: new EmulatedVirtioSnd(machine, common),
    futex: new EmulatedFutex(machine, { ...common, ...(threads !== undefined && { threads }) }),
  };
}
