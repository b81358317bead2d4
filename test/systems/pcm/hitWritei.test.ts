import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  PcmStream,
  pcmRequest,
  type BuildName,
  type Machine,
  type Mapping,
  type Task,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/**
 * WRITEI on a running stream is written out in the release and threads builds (assembly/pcm/hitWritei.ts); the study
 * build has the ordinary way alone. Whatever a program and its device do, nobody can tell the two apart.
 */
const PAGE = 4096;
const REQUEST = 0x10000000;
const DATA = 0x20001000;
const DATA_PAGES = 3;
const PERIOD = 256;
const BUFFER = 4 * PERIOD;
const WORD = 8;
const RUNS = 25;

interface Bed {
  readonly machine: Machine;
  readonly task: Task;
  readonly stream: PcmStream;
  readonly request: Mapping;
  readonly data: Mapping;
}

/** One thing that happens to the stream. */
type Step = (bed: Bed) => unknown;

interface NamedStep {
  readonly name: string;
  readonly run: Step;
}

const step = (name: string, run: Step): NamedStep => ({ name, run });

function writei(bed: Bed, at: number, address: number, frames: number): number {
  const words = new BigUint64Array([99n, BigInt(address), BigInt(frames)]);
  // where the page ends inside the structure, so does what the program can store
  bed.request.write(at, new Uint8Array(words.buffer).subarray(0, PAGE - at));
  return bed.stream.ioctl("native", pcmRequest("WRITEI", WORD), REQUEST + at);
}

const frameCounts = fc.oneof(
  fc.constantFrom(0, 1, PERIOD, BUFFER, BUFFER + 1),
  fc.integer({ min: 1, max: 2 * PERIOD }),
);

/** Frames from somewhere on the pages, from before them, from a hole behind them, from nowhere. */
const addresses = fc.oneof(
  fc.integer({ min: 0, max: DATA_PAGES * PAGE - 1 }).map((offset) => DATA + offset),
  fc.constantFrom(DATA, DATA + PAGE, DATA - PAGE, DATA + (DATA_PAGES - 1) * PAGE, 0),
);

/** The structure on its page, and where it leaves it. */
const places = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(1, PAGE - 24, PAGE - 17, PAGE - 8) },
);

const writes = fc
  .tuple(places, addresses, frameCounts)
  .map(([at, address, frames]) =>
    step(`writei ${String(frames)} of ${address.toString(16)} at ${String(at)}`, (bed) =>
      writei(bed, at, address, frames),
    ),
  );

const positions = fc
  .oneof(fc.nat(BUFFER - 1), fc.constantFrom(0, PERIOD, 2 * PERIOD, 3 * PERIOD, BUFFER, 0xffffffff))
  .map((frames) =>
    step(`position ${String(frames)}`, ({ stream }) => {
      stream.setPosition(frames);
    }),
  );

const thresholds = fc
  .record({
    stopThreshold: fc.constantFrom(1, PERIOD, BUFFER, BUFFER + PERIOD, 1 << 30),
    startThreshold: fc.constantFrom(1, PERIOD, BUFFER),
    availMin: fc.constantFrom(1, PERIOD),
    silenceSize: fc.constantFrom(0, 0, PERIOD),
    tstampMode: fc.constantFrom(0, 0, 1),
  })
  .map((values) =>
    step(`swParams ${JSON.stringify(values)}`, ({ stream }) => stream.swParams(values).result),
  );

const rest = fc.constantFrom(
  step("prepare", ({ stream }) => stream.prepare()),
  step("start", ({ stream }) => stream.start()),
  step("drop", ({ stream }) => stream.drop()),
  step("forward", ({ stream }) => stream.forward(PERIOD)),
  step("rewind", ({ stream }) => stream.rewind(PERIOD)),
  step("ack refused", ({ stream }) => {
    stream.setAnswers({ ack: -5 });
  }),
  step("ack accepted", ({ stream }) => {
    stream.setAnswers({});
  }),
);

async function bedOf(build: BuildName): Promise<Bed> {
  const machine = await machineOf({ build, memory: "4M" });
  const task = machine.createTask();
  const stream = PcmStream.open(task, { nonblock: true });
  const request = task.map({ at: REQUEST, length: PAGE, populate: true });
  const data = task.map({ at: DATA, length: DATA_PAGES * PAGE, populate: true });
  data.write(
    0,
    Uint8Array.from({ length: DATA_PAGES * PAGE }, (_, index) => (index * 7 + (index >> 8)) & 255),
  );
  stream.configure({ periodSize: PERIOD, bufferSize: BUFFER });
  stream.prepare();
  writei({ machine, task, stream, request, data }, 0, DATA, PERIOD);
  stream.start();
  return { machine, task, stream, request, data };
}

const fields = [
  "STREAM_HW_PTR_BASE",
  "STREAM_HW_PTR_INTERRUPT",
  "STREAM_HW_PTR_WRAP",
  "STREAM_TWAKE",
  "STREAM_AVAIL_MAX",
  "STREAM_SILENCE_START",
  "STREAM_SILENCE_FILLED",
] as const;

/** Bytes of the two mapped records that hold anything. */
const RECORD_BYTES = 64;

/** Everything that the program, the device or a later call can see of the stream. */
function seen({ machine, stream, request }: Bed): unknown {
  const word = (at: number): number => machine.words[at >>> 2] ?? 0;
  const record = stream.handle;
  const copy = (at: number, length: number): Uint8Array => machine.bytes.slice(at, at + length);
  return {
    state: stream.state,
    fields: fields.map((name) => {
      const at = record + machine.constant(name);
      return [name, word(at), word(at + 4)];
    }),
    status: copy(word(record + machine.constant("STREAM_STATUS_PAGE")), RECORD_BYTES),
    control: copy(word(record + machine.constant("STREAM_CONTROL_PAGE")), RECORD_BYTES),
    ring: stream.ring().slice(),
    request: request.read(0, PAGE),
    calls: stream.takeDriverCalls(),
    findings: machine.findings().map((finding) => finding.kind),
  };
}

describe.each(["release", "threads"] as const)("WRITEI written out in the %s build", (build) => {
  test("answers and leaves behind what the ordinary way does", async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: writes },
        { weight: 5, arbitrary: positions },
        { weight: 1, arbitrary: thresholds },
        { weight: 1, arbitrary: rest },
      ),
      { minLength: 5, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const hot = await bedOf(build);
        const ordinary = await bedOf("study");
        for (const { name, run } of sequence) {
          expect([name, run(hot), seen(hot)]).toEqual([name, run(ordinary), seen(ordinary)]);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
