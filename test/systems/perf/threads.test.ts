import { afterEach, beforeEach, expect, test } from "vitest";
import { Machine, type Task } from "../../../src/index.ts";
import {
  allRegisters,
  openEvent,
  preparePerf,
  setGeneration,
} from "../../../src/scenarios/perfBed.ts";
import { softwareEvents } from "../../../src/systems/perf/names.ts";
import type { PerfEvent } from "../../../src/systems/perf/perfEvent.ts";
import { PerfTask } from "../../../src/systems/perf/perfTask.ts";
import { Crew } from "../../support/threadCrew.ts";
import { recordsFrom } from "./bed.ts";

/** CPUs on real threads open and close events and sample at once, all into one ring: nothing of it is torn. */

const CPUS = [1, 2] as const;
const NUMBER = softwareEvents.indexOf("dummy");
const SAMPLES = 3;
const ROUNDS = 2000;
const RING_BYTES = 1 << 16;
/** Header, ip, tid, cpu, ABI and registers. */
const RECORD_BYTES = 8 * (4 + 1 + 20);

let machine: Machine;
let shared: PerfEvent;
let perfTasks: readonly PerfTask[];
let crew: Crew;

/** A task of its own on a CPU, with registers that tell whose they are. */
function seatedTask(cpu: number): { task: Task; perf: PerfTask } {
  const task = machine.createTask({ cpu });
  const perf = new PerfTask(task, { pid: 100 + cpu, tid: 100 + cpu });
  setGeneration(perf.frame, cpu);
  return { task, perf };
}

beforeEach(async () => {
  machine = await Machine.create({ build: "threads", memory: "4M", cpus: 3, kernel: "6.18" });
  const bed = preparePerf(machine);
  const asked = {
    types: ["IP", "TID", "CPU", "REGS_USER"],
    regsUser: allRegisters(machine),
  } as const;
  shared = openEvent(bed, asked, { bytes: RING_BYTES, writable: false });
  const attributes = machine.allocKernel(shared.attributes.attributes.bytes.length);
  attributes.bytes.set(shared.attributes.attributes.bytes);
  const seats = CPUS.map(seatedTask);
  perfTasks = seats.map(({ perf }) => perf);
  crew = await Crew.start(
    machine,
    seats.map(({ task, perf }) => ({
      task,
      job: {
        kind: "perfSamples",
        attributes: attributes.linear,
        perfTask: perf.record,
        frame: perf.frame.address,
        ring: shared.ring!.address,
        number: NUMBER,
        samples: SAMPLES,
        rounds: ROUNDS,
      },
    })),
  );
});

afterEach(() => crew.stop());

test("every sample is in the ring, and each whole one of one task", () => {
  crew.begin();
  crew.awaitEnd();
  expect(CPUS.map((_, worker) => crew.state(worker))).toMatchObject([{ result: 0 }, { result: 0 }]);
  const ring = shared.ring!;
  expect(ring.head).toBe(BigInt(CPUS.length * ROUNDS * SAMPLES * RECORD_BYTES));
  const kept = Math.floor(RING_BYTES / RECORD_BYTES);
  const records = recordsFrom(ring, ring.head - BigInt(kept * RECORD_BYTES));
  expect(records).toHaveLength(kept);
  for (const { type, size, words } of records) {
    const tid = Number(words[1]! >> 32n);
    const { frame } = perfTasks[tid - 101]!;
    expect({ type, size, cpu: words[2] }).toEqual({
      type: 9,
      size: RECORD_BYTES,
      cpu: BigInt(tid - 100),
    });
    expect([words[0], words[4], words[5]]).toEqual([
      frame.get("ip"),
      frame.get("ax"),
      frame.get("bx"),
    ]);
  }
});

test("the list of events is whole afterwards: the shared one alone", () => {
  crew.begin();
  crew.awaitEnd();
  expect(machine.header("HEADER_PERF_EVENTS")).toBe(shared.record.address);
  expect(shared.control("ENABLE", 0n)).toBe(0);
  expect(shared.poll()).toBeGreaterThanOrEqual(0);
  expect(machine.findings()).toEqual([]);
});
