import type { Machine } from "../machine/machine.ts";
import type { VirtioSndEnd, VirtioSndPeriod, VirtioSndRun } from "./virtioRun.ts";
import {
  configureVirtioBed,
  openVirtioBed,
  readSound,
  writeSound,
  type VirtioBed,
} from "./virtioBed.ts";
import { VirtioLog } from "./virtioLog.ts";
import {
  FRAME_BYTES,
  SOUND_RATE,
  capturedIn,
  heardIn,
  isPeriod,
  numberedSound,
  type SoundPiece,
} from "./virtioSound.ts";

/** What is played. Sizes in frames. */
export type VirtioPlay = Pick<
  VirtioSndRun,
  "design" | "device" | "direction" | "transfer" | "periodSize" | "periods" | "count" | "start"
>;

/** What came of it. */
export interface VirtioOutcome extends Pick<VirtioSndRun, "steps" | "played" | "end"> {
  /** What was heard, or what the program got. */
  readonly sound: Uint8Array;
}

const BILLION = 1_000_000_000n;

/** A program on its way: how far it is, and when it came to the end of each period. */
class Progress {
  readonly bed: VirtioBed;
  readonly plan: VirtioPlay;
  readonly log: VirtioLog;
  /** Frames, of `total`. */
  done = 0;
  readonly total: number;
  /** Steps in which a period was complete. */
  readonly complete: number[] = [];

  constructor(machine: Machine, plan: VirtioPlay) {
    const { design, direction, device, transfer, periodSize, count } = plan;
    this.bed = openVirtioBed(machine, { design, direction, device, transfer });
    this.plan = plan;
    this.log = new VirtioLog(this.bed, periodSize);
    this.total = periodSize * count;
  }

  /** Makes a call, or has the device do something, and writes it down. */
  perform(asked: string, call: () => number | null): number | null {
    const result = call();
    this.log.step(asked, result);
    return result;
  }

  /** HW_PARAMS, SW_PARAMS and PREPARE; false where one was refused. */
  setUp(): boolean {
    const { periodSize, periods, start, direction } = this.plan;
    const sizes = { periodSize, bufferSize: periodSize * periods };
    const { stream } = this.bed;
    const calls: [string, () => number][] = [
      ["HW_PARAMS", () => configureVirtioBed(this.bed, sizes)],
      ["PREPARE", () => stream.prepare()],
    ];
    if (direction === "playback") {
      const startThreshold = start;
      calls.splice(1, 0, [
        `SW_PARAMS start at ${start}`,
        () => stream.swParams({ startThreshold }).result,
      ]);
    }
    return calls.every(([asked, call]) => this.perform(asked, call)! >= 0);
  }

  /** So many frames were moved in the step just made. */
  moved(frames: number): void {
    this.done += frames;
    const { periodSize } = this.plan;
    while ((this.complete.length + 1) * periodSize <= this.done) {
      this.complete.push(this.log.steps.length);
    }
  }

  /** A period of time goes by. False where the device has nothing to do. */
  period(): boolean {
    const { bed, plan } = this;
    if (bed.stream.state !== "RUNNING") return false;
    bed.machine.advanceClock((BigInt(plan.periodSize) * BILLION) / BigInt(SOUND_RATE));
    const had = bed.device.period();
    const verb = plan.direction === "playback" ? "play" : "capture";
    this.log.step(had ? `the device ${verb}s` : `nothing to ${verb}`, null);
    return had;
  }

  /** What the messages that came back hold, each against its number. */
  periods(holds: (index: number) => readonly SoundPiece[]): VirtioSndPeriod[] {
    return this.log.returned.map((message, index) => {
      const pieces = holds(index);
      return {
        period: index + 1,
        ...message,
        program: this.complete[index] ?? null,
        holds: pieces,
        wrong: !isPeriod(pieces, index + 1),
      };
    });
  }
}

/** Writes numbered periods, and lets the device play one whenever there is no room. */
export function playOn(machine: Machine, plan: VirtioPlay): VirtioOutcome {
  const progress = new Progress(machine, plan);
  const written = progress.setUp() ? writeAll(progress) : "refused";
  const { returned } = progress.log;
  if (written !== "stalled") while (returned.length < plan.count && progress.period());
  const end = written === "done" && returned.length < plan.count ? "stalled" : written;
  const { playedPeriods, playedBytes } = progress.bed.device;
  return {
    steps: progress.log.steps,
    played: progress.periods((index) => heardIn(playedPeriods[index]!)),
    end,
    sound: playedBytes,
  };
}

function writeAll(progress: Progress): VirtioSndEnd {
  const { bed, plan, total } = progress;
  const sound = numberedSound(plan.count, plan.periodSize);
  while (progress.done < total) {
    const { done } = progress;
    if (roomIn(bed, plan) === 0) {
      if (!progress.period()) return "stalled";
      continue;
    }
    const frames = Math.min(plan.transfer, total - done);
    const bytes = sound.subarray(done * FRAME_BYTES, (done + frames) * FRAME_BYTES);
    const answer = progress.perform(`WRITEI ${frames}`, () => writeSound(bed, bytes))!;
    if (answer < 0) return "refused";
    progress.moved(answer);
  }
  return "done";
}

/** Frames that a write has room for. */
function roomIn({ stream }: VirtioBed, { periodSize, periods }: VirtioPlay): number {
  return periodSize * periods - waitingIn(stream.field("appl_ptr"), stream.field("hw_ptr"));
}

/** The first position is that many frames ahead. */
function waitingIn(ahead: unknown, behind: unknown): number {
  return Number(ahead) - Number(behind);
}

/** Starts, and reads what there is after each period of the device. */
export function captureOn(machine: Machine, plan: VirtioPlay): VirtioOutcome {
  const progress = new Progress(machine, plan);
  const got = new Uint8Array(progress.total * FRAME_BYTES);
  const started =
    progress.setUp() && progress.perform("START", () => progress.bed.stream.start())! >= 0;
  const end = started ? readAll(progress, got) : "refused";
  const sound = got.subarray(0, progress.done * FRAME_BYTES);
  const periodBytes = plan.periodSize * FRAME_BYTES;
  const played = progress.periods((index) =>
    capturedIn(sound.subarray(index * periodBytes, (index + 1) * periodBytes)),
  );
  return { steps: progress.log.steps, played: played.slice(0, plan.count), end, sound };
}

function readAll(progress: Progress, got: Uint8Array): VirtioSndEnd {
  const { bed, plan, total } = progress;
  while (progress.done < total) {
    if (waitingIn(bed.stream.field("hw_ptr"), bed.stream.field("appl_ptr")) <= 0) {
      if (!progress.period()) return "stalled";
      continue;
    }
    const frames = Math.min(plan.transfer, total - progress.done);
    const answer = progress.perform(`READI ${frames}`, () => {
      const [answer, bytes] = readSound(bed, frames);
      got.set(bytes, progress.done * FRAME_BYTES);
      return answer;
    })!;
    if (answer < 0) return "refused";
    progress.moved(answer);
  }
  return "done";
}
