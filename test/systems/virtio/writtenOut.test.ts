import { expect, test } from "vitest";
import fc from "../../support/properties.ts";
import type { BuildName } from "../../../src/index.ts";
import type { VirtioSndJournal } from "../../../src/systems/virtio/coreCard.ts";
import { PERIOD, RING, run, virtioBed, write, type VirtioBed } from "./bed.ts";

/**
 * What happens to every period is written out for builds that are to be fast (assembly/virtio/hitPeriod.ts and
 * devicePlay.ts). Whatever the program does, it leaves what the ordinary way leaves: which the study build goes, and a
 * card whose device keeps a journal.
 */

type Way = readonly [build: BuildName, journal: VirtioSndJournal];
const written: Way = ["release", "nothing"];
const ordinary: readonly Way[] = [
  ["study", "nothing"],
  ["release", "contents"],
];

/** Somewhat ahead of the device, as a program is; a stream that nothing stops. */
async function running([build, journal]: Way): Promise<VirtioBed> {
  const bed = await virtioBed({
    build,
    design: "ack",
    device: { queues: [64, 16, 8, 8], output: PERIOD },
    driver: { journal },
    software: { startThreshold: RING },
  });
  const { boundary } = bed.stream.swParams().value!;
  bed.stream.swParams({ stopThreshold: boundary });
  bed.stream.forward(2 * PERIOD);
  bed.stream.start();
  return bed;
}

/** What a program does between two looks; what it answers is part of what is compared. */
type Step = (bed: VirtioBed) => unknown;

/** Periods that become final, each before the device plays one. */
const periods =
  (count: number): Step =>
  ({ machine, task, stream, card }) =>
    machine.exports.measurePeriods(task.cpu, stream.handle, card.address, count);

const few = fc.integer({ min: 1, max: 6 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: few.map(periods) },
  {
    weight: 3,
    arbitrary: fc.nat(255).map<Step>((from) => ({ stream }) => {
      stream.ring().forEach((_, at, ring) => (ring[at] = from + at));
    }),
  },
  fc.integer({ min: 1, max: RING }).map<Step>((frames) => (bed) => write(bed, run(7, frames))),
  few.map<Step>((count) => (bed) => bed.card.play(count)),
  fc.integer({ min: 0, max: 1 }).map<Step>((flags) => (bed) => {
    bed.card.setUsedFlags("tx", flags);
  }),
  fc.nat(2 ** 16).map<Step>((latency) => (bed) => bed.card.complete({ queue: "tx", latency })),
  fc.constant<Step>(({ stream }) => [stream.pause(), stream.release()]),
  fc.constant<Step>(({ stream }) => [stream.drop(), stream.prepare(), stream.start()]),
);

const fields = ["hw_ptr", "appl_ptr", "hw_ptr_base", "hw_ptr_interrupt", "avail_max"] as const;

/** Rings to the byte, messages that are out, positions, what was played, and what stands in the ring. */
function state({ card, stream }: VirtioBed): object {
  return {
    queue: card.view("tx"),
    positions: fields.map((name) => stream.field(name)),
    state: stream.state,
    delay: stream.delay(),
    played: card.played,
    ring: stream.ring().slice(),
  };
}

async function outcomes(program: readonly Step[], way: Way): Promise<object[]> {
  const bed = await running(way);
  return program.map((step) => ({ answer: step(bed), ...state(bed) }));
}

test("periods the written-out way and the ordinary one leave the same", async () => {
  const programs = fc.array(steps, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const left = await outcomes(program, written);
      for (const way of ordinary) expect(await outcomes(program, way)).toEqual(left);
    }),
    { numRuns: 100 },
  );
}, 60_000);
