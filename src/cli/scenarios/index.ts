import { scenarios as named, type ScenarioName } from "../../scenarios/names.ts";
import { futexCmpxchgCommands } from "./futexCmpxchg.ts";
import { futexPiCommands } from "./futexPi.ts";
import { futexStressCommands } from "./futexStress.ts";
import { futexWakeOpCommands } from "./futexWakeOp.ts";
import { pcmPlaybackCommands } from "./pcmPlayback.ts";
import { remoteCommands } from "./remote.ts";
import { perfCommands } from "./perf.ts";
import {
  perfRecordWrapCommands,
  perfSharedSampleCommands,
  perfStackZeroCommands,
} from "./perfReservations.ts";
import type { Scenario, ScenarioCommands } from "./scenario.ts";
import { syncPtrCommands } from "./syncPtr.ts";
import { umcgCommands } from "./umcg.ts";
import { virtioSndCommands } from "./virtioSnd.ts";
import { virtioSndMessagesCommands } from "./virtioSndMessages.ts";
import { virtioSndThreadsCommands } from "./virtioSndThreads.ts";

/** The library's table has a scenario's name and summary; a name without commands here does not compile. */
const commandsOf: Readonly<Record<ScenarioName, ScenarioCommands>> = {
  "sync-ptr": syncPtrCommands,
  "pcm-playback": pcmPlaybackCommands,
  "remote-read": remoteCommands("remote-read"),
  "remote-write": remoteCommands("remote-write"),
  cmdline: remoteCommands("cmdline"),
  "process-vm": remoteCommands("process-vm"),
  "futex-cmpxchg": futexCmpxchgCommands,
  "futex-wake-op": futexWakeOpCommands,
  "futex-pi": futexPiCommands,
  "futex-stress": futexStressCommands,
  "umcg-cmpxchg": umcgCommands,
  "perf-regs": perfCommands,
  "perf-stack-zero": perfStackZeroCommands,
  "perf-record-wrap": perfRecordWrapCommands,
  "perf-shared-sample": perfSharedSampleCommands,
  "virtio-snd": virtioSndCommands,
  "virtio-snd-messages": virtioSndMessagesCommands,
  "virtio-snd-threads": virtioSndThreadsCommands,
};

/** Every scenario, in the order in which the help lists them. */
export const scenarios: readonly Scenario[] = named.map(({ name, summary }) => ({
  name,
  summary,
  commands: commandsOf[name],
}));
