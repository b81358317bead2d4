import { CAPTURE_BASE } from "../systems/virtio/schedule.ts";
import { capturedIn, FRAME_BYTES, heardIn, type SoundPiece } from "./virtioSound.ts";
import { readSound } from "./virtioBed.ts";
import { RING, PERIOD, fill, named, type Player, type Point } from "./virtioPlayer.ts";

/** What more than one design has: a small program for each. */

const STALE = 1;

function pieces(all: readonly SoundPiece[]): string {
  return all.map(({ of, frames }) => `${frames} of ${of}`).join(" + ");
}

/** Kinds of findings, each once. */
function found({ bed: { machine } }: Player): string {
  const kinds = new Set(machine.findings().map(({ kind }) => kind));
  return kinds.size === 0 ? "nothing found" : [...kinds].join(" ");
}

/** HW_PARAMS for U8, whose silence is no zero. */
function configureOctets({ bed: { stream } }: Player): number {
  const sizes = { periodSize: PERIOD, bufferSize: RING };
  return stream.configure({ format: "U8", channels: 1, rate: 8000, ...sizes });
}

export const sharedPoints: readonly Point[] = [
  {
    name: "I4",
    program: "between the device's two halves: rewind, write",
    reads: "halves",
    outcome: (player) => {
      fill(player);
      const { stream, device } = player.bed;
      device.look();
      const rewound = stream.rewind(RING);
      const answer = player.write(PERIOD);
      device.period();
      const heard = pieces(heardIn(device.playedPeriods[0]!));
      return `rewind ${rewound}, ${named(answer)}, heard ${heard}`;
    },
  },
  {
    name: "S1",
    program: "25 frames of silence, U8",
    outcome: (player) => {
      const { stream } = player.bed;
      configureOctets(player);
      stream.swParams({ startThreshold: RING });
      stream.prepare();
      stream.ring().fill(STALE);
      const answer = stream.writei(0, 25);
      return `${named(answer)}, bytes are ${stream.ring()[0]}, ${player.queue}`;
    },
  },
  {
    name: "S2",
    program: "a second HW_PARAMS: what it leaves behind",
    outcome: (player) => {
      const { machine } = player.bed;
      const before = machine.framesInUse;
      const answer = configureOctets(player);
      return `${named(answer)}, ${machine.framesInUse - before} pages lost`;
    },
  },
  {
    name: "S3",
    program: "RELEASE answered, messages kept: HW_FREE",
    device: { rules: [{ request: "RELEASE", keep: -1 }] },
    outcome: (player) => {
      fill(player);
      player.bed.stream.drop();
      const answer = player.bed.stream.hwFree();
      player.bed.card.look();
      const held = player.bed.card.view("tx")!.chains.length;
      return `${named(answer)}, the device has ${held}, ${found(player)}`;
    },
  },
  {
    name: "S4",
    program: "capture: two messages of 60 frames, all is read",
    direction: "capture",
    outcome: (player) => {
      player.bed.stream.start();
      player.complete(1, { captured: 60 * FRAME_BYTES, source: captured(1) });
      player.complete(1, { captured: 60 * FRAME_BYTES, source: captured(2) });
      const [answer, bytes] = readSound(player.bed, 2 * PERIOD);
      return `${named(answer)}: ${pieces(capturedIn(bytes))}`;
    },
  },
  {
    name: "S5",
    program: "the second period comes back first, a write",
    outcome: (player) => {
      fill(player);
      player.complete(1, { first: 1 });
      const played = player.hw;
      const answer = player.write(PERIOD);
      player.bed.card.look();
      return `played ${played}, ${named(answer)}, ${found(player)}`;
    },
  },
];

/** What the device captures as its period n. */
function captured(period: number): Uint8Array {
  return new Uint8Array(PERIOD * FRAME_BYTES).fill(CAPTURE_BASE + period);
}
