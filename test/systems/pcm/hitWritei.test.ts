import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
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
const RUNS = 150;

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

/** What a playing program does: frames that lie on one page, a period of them or less. */
const usualWrites = fc
  .tuple(fc.nat(PAGE / 2), fc.oneof(fc.constant(PERIOD), fc.integer({ min: 1, max: PERIOD })))
  .map(([offset, frames]) =>
    step(`writei ${String(frames)}`, (bed) => writei(bed, 0, DATA + offset, frames)),
  );

/** The device plays on, often just as far as a period or the ring goes. */
const playing = fc
  .oneof(fc.constantFrom(0, PERIOD, 2 * PERIOD, 3 * PERIOD), fc.nat(PERIOD), fc.nat(BUFFER))
  .map((frames) =>
    step(`plays ${String(frames)}`, ({ machine, stream }) => {
      const word = (at: number): number => machine.words[at >>> 2]!;
      const device = word(stream.handle + machine.constant("STREAM_DEVICE"));
      const position = word(device + machine.constant("DEVICE_POSITION"));
      stream.setPosition((position + frames) % BUFFER);
    }),
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
    // an underrun that stops nobody: the device passes what was written
    stopThreshold: fc.constantFrom(1, PERIOD, BUFFER, 1 << 30, 1 << 30, 1 << 30),
    startThreshold: fc.constantFrom(1, PERIOD, BUFFER),
    availMin: fc.constantFrom(1, PERIOD),
    silenceSize: fc.constantFrom(0, 0, PERIOD),
    silenceThreshold: fc.constantFrom(0, PERIOD),
    tstampMode: fc.constantFrom(0, 0, 1),
  })
  .map((values) =>
    step(`swParams ${JSON.stringify(values)}`, ({ stream }) => stream.swParams(values).result),
  );

/** A stopped stream plays again, with three quarters of its ring full. */
function startAgain(bed: Bed): number[] {
  const { stream } = bed;
  const stopped = [stream.drop(), stream.prepare()];
  const written = [1, 2, 3].map(() => writei(bed, 0, DATA, PERIOD));
  return [...stopped, ...written, stream.start()];
}

/** The ring's size changes under pointers that stay where they are, and the stream runs on without PREPARE. */
const otherSizes = fc
  .constantFrom(BUFFER, BUFFER - PERIOD, BUFFER / 2 + 1, PERIOD + 44)
  .map((bufferSize) =>
    step(`HW_PARAMS with ${String(bufferSize)}, and RUNNING`, ({ stream }) => [
      stream.drop(),
      stream.configure({ periodSize: PERIOD / 2, bufferSize }),
      stream.swParams({ stopThreshold: 1 << 30 }).result,
      stream.stop("RUNNING"),
    ]),
  );

/** A base anywhere, hw_ptr less than a ring behind it, appl_ptr less than a ring behind that. */
const pokes = fc
  .tuple(
    fc.oneof(
      fc.nat(4 * BUFFER),
      fc.nat(4).map((turn) => turn * BUFFER),
    ),
    fc.nat(BUFFER),
    fc.nat(BUFFER),
  )
  .map(([base, behind, filled]) =>
    step(`poke ${String(base)} + ${String(behind)} + ${String(filled)}`, ({ stream }) => {
      const hwPtr = base + behind;
      stream.poke({ hwPtrBase: base, hwPtr, applPtr: hwPtr + filled, hwPtrInterrupt: base });
      stream.setPosition(behind % BUFFER);
    }),
  );

const rest = fc.constantFrom(
  step("prepare", ({ stream }) => stream.prepare()),
  step("start", ({ stream }) => stream.start()),
  step("drop", ({ stream }) => stream.drop()),
  step("status, which forgets avail_max", ({ stream }) => stream.status().result),
  step("forward", ({ stream }) => stream.forward(PERIOD)),
  step("rewind", ({ stream }) => stream.rewind(PERIOD)),
  step("the driver stops it, into RUNNING", ({ stream }) => stream.stop("RUNNING")),
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
  const bed = { machine, task, stream, request, data };
  startAgain(bed);
  return bed;
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

/** A long array of bytes takes far longer to compare than its digits do. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Bytes of the two mapped records that hold anything. */
const RECORD_BYTES = 64;

/** Everything that the program, the device or a later call can see of the stream. */
function seen({ machine, stream, request }: Bed): unknown {
  const word = (at: number): number => machine.words[at >>> 2] ?? 0;
  const record = stream.handle;
  const copy = (at: number, length: number): string => hex(machine.bytes.subarray(at, at + length));
  return {
    state: stream.state,
    fields: fields.map((name) => {
      const at = record + machine.constant(name);
      return [name, word(at), word(at + 4)];
    }),
    status: copy(word(record + machine.constant("STREAM_STATUS_PAGE")), RECORD_BYTES),
    control: copy(word(record + machine.constant("STREAM_CONTROL_PAGE")), RECORD_BYTES),
    ring: hex(stream.ring()),
    request: hex(request.read(0, PAGE)),
    calls: stream.takeDriverCalls(),
    findings: machine.findings().map((finding) => finding.kind),
  };
}

describe.each(["release", "threads"] as const)("WRITEI written out in the %s build", (build) => {
  test("answers and leaves behind what the ordinary way does", async () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 12, arbitrary: usualWrites },
        { weight: 12, arbitrary: playing },
        { weight: 3, arbitrary: writes },
        { weight: 3, arbitrary: fc.constant(step("starts again", startAgain)) },
        { weight: 1, arbitrary: positions },
        { weight: 1, arbitrary: otherSizes },
        { weight: 1, arbitrary: pokes },
        { weight: 3, arbitrary: thresholds },
        { weight: 3, arbitrary: rest },
      ),
      { minLength: 10, maxLength: 60 },
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
