import { workerData } from "node:worker_threads";
import { instantiateCore } from "../../src/core/core.ts";
import { Machine } from "../../src/index.ts";
import { Task } from "../../src/machine/task.ts";
import { END, PATIENCE_MS, control, type Job, type WorkerData } from "./threadProtocol.ts";

/**
 * An emulated CPU on a thread of its own: an instance over the shared memory, which does one job again in each round
 * that the main thread calls.
 */

const SPINS = 5000;
const NAP_MS = 5;
/** One word in so many of what was read is looked at, or a worker would read for the smallest part of its time. */
const CHECKED_WORDS = 64;

const data = workerData as WorkerData;
const machine = Machine.attach(
  instantiateCore("threads", data.module, data.memory, data.cpu),
  data.shape,
);
const task = Task.attach(machine, data.task, data.cpu);
const words = new Int32Array(data.control);
const own = control.workers + data.index * control.words;
const page = machine.constant("PAGE_SIZE");

/** The next round's number, spinning a little first so that it begins while the main thread is at work. */
function nextRound(seen: number): number {
  for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(words, control.round) !== seen) break;
  while (Atomics.load(words, control.round) === seen) {
    Atomics.wait(words, control.round, seen, NAP_MS);
  }
  return Atomics.load(words, control.round);
}

/** A round ends by what the main thread does; only a main thread that is gone makes a worker give up. */
function patience(): () => boolean {
  const end = performance.now() + PATIENCE_MS;
  return () => performance.now() < end;
}

/** Runs `call` with 1, 2, 3 … until it answers other than 0; says how far it came. */
function untilFailure(call: (number: number) => number): void {
  let result = 0;
  let number = 0;
  const goesOn = patience();
  Atomics.store(words, own + control.lastGood, 0);
  while (result === 0 && goesOn()) {
    number++;
    result = call(number);
    if (result === 0) Atomics.store(words, own + control.lastGood, number);
    Atomics.store(words, own + control.calls, number);
  }
  Atomics.store(words, own + control.result, result);
}

/** Sets everything that SYNC_PTR reports to one number. */
function setFields(stream: number, number: number): void {
  const { words: memory } = machine;
  const at = (base: number, offset: number): number => (base + offset) >>> 2;
  const status = memory[at(stream, machine.constant("STREAM_STATUS_PAGE"))]!;
  const controlPage = memory[at(stream, machine.constant("STREAM_CONTROL_PAGE"))]!;
  memory[at(status, machine.constant("STATUS_STATE"))] = number;
  memory[at(status, machine.constant("STATUS_SUSPENDED_STATE"))] = number;
  memory[at(status, machine.constant("STATUS_HW_PTR"))] = number;
  for (const stamp of ["STATUS_TSTAMP", "STATUS_AUDIO_TSTAMP"] as const) {
    memory[at(status, machine.constant(stamp))] = number;
    memory[at(status, machine.constant(stamp) + 8)] = number;
  }
  memory[at(controlPage, 0)] = number;
  memory[at(memory[at(stream, machine.constant("STREAM_AVAIL_MIN_AT"))]!, 0)] = number;
}

function syncPtr(job: Job & { kind: "syncPtr" }): void {
  untilFailure((number) => {
    setFields(job.stream, number);
    return machine.exports.pcmSyncPtr(task.cpu, job.stream, job.abi, job.strategy, job.address, 0);
  });
}

function copies(job: Job & { kind: "copies" }): void {
  const buffer = machine.words.subarray(job.buffer >>> 2, (job.buffer + job.bytes) >>> 2);
  const form = machine.constant("COPY_CHECKED");
  untilFailure((number) => {
    buffer.fill(number);
    return machine.exports.copyOut(task.cpu, form, job.address, 0, job.buffer, job.bytes);
  });
}

function slots({ address, pages, slot, readFirst }: Job & { kind: "slots" }): void {
  let calls = 0;
  const goesOn = patience();
  for (let index = 0; index < pages; index++) {
    const va = address + index * page;
    if (readFirst) task.uaccess.getUser(va, 4);
    do calls++;
    while (task.uaccess.putUser(va + slot * 4, 4, index + 1) !== 0 && goesOn());
  }
  Atomics.store(words, own + control.calls, calls);
}

function futexLoop({ loop, address, counter, rounds }: Job & { kind: "futex" }): void {
  const done = machine.exports.futexRounds(task.cpu, loop, address, 0, counter, 0, rounds);
  Atomics.store(words, own + control.result, done);
  Atomics.store(words, own + control.calls, rounds);
}

function perfSamples(job: Job & { kind: "perfSamples" }): void {
  const { exports } = machine;
  let failed = 0;
  for (let call = 1; call <= job.rounds; call++) {
    const event = exports.newPerfEvent(job.attributes, job.perfTask, -1) >>> 0;
    if (event === 0) failed++;
    else {
      machine.words[(event + machine.constant("PERF_EVENT_RING")) >>> 2] = job.ring;
      exports.perfEnable(event);
      for (let sample = 0; sample < job.samples; sample++) {
        exports.perfSoftware(task.cpu, job.number, 0, 0, job.frame);
      }
      exports.freePerfEvent(event);
    }
    Atomics.store(words, own + control.calls, call);
  }
  Atomics.store(words, own + control.result, failed);
}

function holdPerfLock({ against, over }: Job & { kind: "holdsPerfLock" }): void {
  const lock = machine.constant("HEADER") + machine.constant("HEADER_PERF_LOCK");
  const goesOn = patience();
  machine.exports.perfLock();
  Atomics.store(words, own + control.calls, 1);
  while (!isListed(against, lock) && !isSet(over) && goesOn());
  Atomics.store(words, own + control.result, isListed(against, lock) ? 1 : 0);
  machine.exports.perfUnlock();
}

function isSet(word: number): boolean {
  return Atomics.load(machine.words, word >>> 2) !== 0;
}

/** The CPU's thread holds the lock, or is about to take it (assembly/machine/held.ts). */
function isListed(cpu: number, lock: number): boolean {
  const record = machine.exports.cpuAddress(cpu);
  const count = Atomics.load(machine.words, (record + machine.constant("CPU_HELD")) >>> 2);
  const list = (record + machine.constant("CPU_HELD_LIST")) >>> 2;
  const places = Array.from({ length: count }, (_, index) => list + 2 * index);
  return places.some((at) => Atomics.load(machine.words, at) === lock);
}

function remoteReads(job: Job & { kind: "remoteReads" }): void {
  const random = randomNumbers(data.index + 1);
  const buffer = machine.words.subarray(job.buffer >>> 2, (job.buffer + job.bytes) >>> 2);
  let wrong = 0;
  for (let call = 1; call <= job.calls; call++) {
    const length = 4 * (1 + random(buffer.length));
    const offset = 4 * random((job.pages * page - length) / 4);
    const moved = machine.exports.accessProcessVm(
      task.cpu,
      job.target,
      job.address + offset,
      0,
      job.buffer,
      length,
      0,
    );
    for (let word = 0; word < moved >> 2; word += CHECKED_WORDS) {
      const value = buffer[word]!;
      if (value !== 0 && value !== Math.floor((offset + 4 * word) / page) + 1) wrong++;
    }
    Atomics.store(words, own + control.calls, call);
  }
  Atomics.store(words, own + control.result, wrong);
}

/** Whole numbers below a limit, the same ones in each run (Numerical Recipes' generator). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function runJob(job: Job): void {
  if (job.kind === "syncPtr") syncPtr(job);
  else if (job.kind === "copies") copies(job);
  else if (job.kind === "futex") futexLoop(job);
  else if (job.kind === "slots") slots(job);
  else if (job.kind === "perfSamples") perfSamples(job);
  else if (job.kind === "holdsPerfLock") holdPerfLock(job);
  else remoteReads(job);
}

for (let round = nextRound(0); round !== END; round = nextRound(round)) {
  Atomics.store(words, own + control.calls, 0);
  runJob(data.job);
  Atomics.store(words, own + control.done, round);
  Atomics.notify(words, own + control.done);
}
