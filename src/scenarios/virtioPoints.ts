import { coreConstants } from "../core/generated/coreConstants.ts";
import type { Machine } from "../machine/machine.ts";
import { access } from "../systems/pcm/params/index.ts";
import type { VirtioSndDesign } from "../systems/virtio/description.ts";
import { expectAnswer } from "./playbackBed.ts";
import { configureVirtioBed, openVirtioBed, readSound } from "./virtioBed.ts";
import {
  PERIOD,
  PERIODS,
  RING,
  Player,
  answers,
  drained,
  fill,
  named,
  silenceAlways,
  type Point,
} from "./virtioPlayer.ts";
import { sharedPoints } from "./virtioSharedPoints.ts";
import { capturedIn, heardIn } from "./virtioSound.ts";

/**
 * What the discussion found in the request for comments (R), and what the driver that was merged leaves open (F): a
 * small program for each, whose outcome can be told in a line. Four periods of 100 frames.
 */

const points: readonly Point[] = [
  {
    name: "R1",
    program: "six writes of 25",
    outcome: (player) => `${answers(player, 25, 25, 25, 25, 25, 25)}, ${player.queue}`,
  },
  {
    name: "R2",
    program: "one write of 400, two periods pass",
    outcome: (player) => {
      const before = `${answers(player, RING)}, ${player.queue}`;
      player.complete();
      player.complete();
      return `${before}, played ${player.hw}`;
    },
  },
  {
    name: "R3",
    program: "three writes of 150",
    outcome: (player) => `${answers(player, 150, 150, 150)}, ${player.queue}`,
  },
  {
    name: "R4",
    program: "write 225, drain",
    blocks: true,
    outcome: (player) => `${answers(player, 225)}, ${drained(player)}`,
  },
  {
    name: "R5",
    program: "capture: a period comes, 25 are read",
    direction: "capture",
    outcome: (player) => {
      player.bed.stream.start();
      player.complete();
      const [answer] = readSound(player.bed, 25);
      return `${named(answer)}, ${player.queue}`;
    },
  },
  {
    name: "R6",
    program: "capture: two come, pause and go on, none read",
    direction: "capture",
    outcome: (player) => {
      player.bed.stream.start();
      player.complete(2);
      player.bed.stream.pause();
      player.bed.stream.release();
      return player.queue;
    },
  },
  {
    name: "R7",
    program: "write 125, two periods pass: the second",
    start: 1,
    outcome: (player) => {
      player.write(PERIOD);
      player.write(25);
      player.complete();
      player.bed.card.forgetEvents();
      player.complete();
      return `${player.heard("complete")}, played ${player.hw}`;
    },
  },
  {
    name: "R8",
    program: "HW_PARAMS for a mapped ring",
    outcome: ({ bed }) =>
      named(
        configureVirtioBed(bed, {
          access: access.mmapInterleaved,
          periodSize: PERIOD,
          bufferSize: RING,
        }),
      ),
  },
  {
    name: "F1",
    program: "the device reports an xrun",
    outcome: (player) => {
      fill(player);
      player.bed.card.sendEvent(coreConstants.NOTICE_XRUN, 0);
      player.bed.stream.status();
      return player.bed.stream.state;
    },
  },
  {
    name: "F2",
    program: "capture, eager: a period comes, is read",
    direction: "capture",
    device: { eagerRx: true },
    outcome: (player) => {
      player.bed.stream.start();
      player.complete();
      const before = player.queue;
      const [, bytes] = readSound(player.bed, PERIOD);
      return `${before}, got fill ${capturedIn(bytes)[0]?.of ?? "nothing"}`;
    },
  },
  {
    name: "F3",
    program: "write 25, DROP, PREPARE, write 400, all played",
    outcome: (player) => {
      player.write(25);
      player.bed.stream.drop();
      player.bed.stream.prepare();
      player.write(RING);
      const { queue } = player;
      player.complete(PERIODS);
      return `${queue}, played ${player.hw}`;
    },
  },
  {
    name: "F4",
    program: "four writes of 25, 25 more, drain",
    blocks: true,
    outcome: (player) => `${answers(player, 25, 25, 25, 25, 25)}, ${drained(player)}`,
  },
  {
    name: "F5",
    program: "all four come back between two looks",
    outcome: (player) => {
      fill(player);
      player.complete(PERIODS, { interrupts: "one" });
      return `${player.bed.stream.state}, ${player.queue}, next ${named(player.write(PERIOD))}`;
    },
  },
  {
    name: "F6",
    program: "a queue of two messages: four writes, two played",
    device: { queues: [64, 16, 2, 2] },
    outcome: (player) => {
      const written = answers(player, PERIOD, PERIOD, PERIOD, PERIOD);
      player.complete(2);
      return `${written}, then ${player.queue}`;
    },
  },
  {
    name: "F7",
    program: "capture: one read, pause, go on, an empty one",
    direction: "capture",
    outcome: (player) => {
      player.bed.stream.start();
      player.complete();
      readSound(player.bed, PERIOD);
      player.bed.stream.pause();
      player.bed.stream.release();
      player.complete(1, { captured: 0 });
      return `hw_ptr ${player.hw}`;
    },
  },
  {
    name: "F8",
    program: "RESET while running, then a write: its answer",
    outcome: (player) => {
      fill(player);
      player.complete();
      const reset = player.bed.stream.reset();
      const answer = player.write(PERIOD);
      const next = player.bed.card.view("tx")?.chains[0]?.content;
      const holds = next === undefined || next === null ? "nothing" : heardIn(next)[0]!.of;
      return `RESET ${named(reset)}, ${named(answer)}, next holds ${holds}`;
    },
  },
  {
    name: "F9",
    program: "write 150, one period passes",
    start: 1,
    outcome: (player) => {
      player.write(150);
      player.complete();
      return `${player.bed.stream.state}, ${player.queue}`;
    },
  },
  {
    name: "F10",
    program: "write 150 with automatic silence: after a period",
    start: 1,
    outcome: (player) => {
      silenceAlways(player);
      player.write(150);
      player.bed.card.look();
      player.bed.card.forgetEvents();
      player.complete();
      return player.heard("expose");
    },
  },
];

/** One program's outcome in each design. */
export interface VirtioSndPointRow {
  /** R1 to R8: the request for comments; F1 to F10: the driver that was merged; I4, S1 to S5: more than one of them. */
  readonly name: string;
  readonly program: string;
  readonly outcomes: Readonly<Partial<Record<VirtioSndDesign, string>>>;
}

/** Every program in every design, each on a machine that `fresh` gives. */
export function virtioSndPoints(
  fresh: () => Machine,
  designs: readonly VirtioSndDesign[],
): VirtioSndPointRow[] {
  return [...points, ...sharedPoints].map((point) => ({
    name: point.name,
    program: point.program,
    outcomes: Object.fromEntries(
      designs.map((design) => [design, point.outcome(playerOf(fresh(), design, point))]),
    ),
  }));
}

function playerOf(machine: Machine, design: VirtioSndDesign, point: Point): Player {
  const bed = openVirtioBed(machine, {
    design,
    direction: point.direction ?? "playback",
    device: point.reads ?? "late",
    transfer: RING,
    nonblock: point.blocks !== true,
    built: point.device ?? {},
  });
  const sizes = { periodSize: PERIOD, bufferSize: RING };
  expectAnswer("HW_PARAMS", 0, configureVirtioBed(bed, sizes));
  const startThreshold = point.start ?? RING;
  if (point.direction === undefined) bed.stream.swParams({ startThreshold });
  expectAnswer("PREPARE", 0, bed.stream.prepare());
  bed.card.forgetEvents();
  return new Player(bed);
}
