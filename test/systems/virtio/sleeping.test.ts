import { describe, expect, test } from "vitest";
import { pcmBlocked, type BuildName, type Machine, type Task } from "../../../src/index.ts";
import type { PcmFile } from "../../../src/systems/pcm/file.ts";
import { hwRequest } from "../../../src/systems/pcm/params/index.ts";
import { pcmRequest } from "../../../src/systems/pcm/requests.ts";
import {
  defaultParameters,
  type VirtioRequestName,
} from "../../../src/systems/virtio/description.ts";
import { VirtioSnd } from "../../../src/systems/virtio/virtioSnd.ts";
import { kindsOf, machineOf } from "../../machine/pool.ts";

/** Calls that sleep in the driver, until the device answers a control request: who goes on with them, and who never. */

const ARGUMENT = 0x10000;
const STREAM = { nid: 0, features: 0, formats: 48n, rates: 130n, channels: [1, 2] as const };
const WORD = 8;
/** Frames, each a byte. */
const PERIOD = 100;
const NANOSECONDS = 1_000_000n;
/** The driver's msg_timeout_ms. */
const TIMEOUT = BigInt(defaultParameters.messageTimeout) * NANOSECONDS;
const ETIMEDOUT = 110;
const EBUSY = 16;

const builds = ["release", "study", "profile", "threads"] as const satisfies readonly BuildName[];

interface Bed {
  readonly machine: Machine;
  readonly task: Task;
  readonly card: VirtioSnd;
  readonly file: PcmFile;
}

/** An open stream of a device that answers `held` requests only when told to. */
async function bedOf(build: BuildName, held: VirtioRequestName): Promise<Bed> {
  const machine = await machineOf({ build, memory: "4M" });
  const card = VirtioSnd.plug(machine, {
    streams: [{ ...STREAM, direction: 0 }],
    rules: [{ request: held, times: 1, action: "later" }],
  });
  const task = machine.createTask();
  task.map({ at: ARGUMENT, length: 4096 }).write(0, request());
  const file = card.open(task, 0) as PcmFile;
  return { machine, task, card, file };
}

function request(): Uint8Array {
  const wanted = { access: 3, format: 1, channels: 1, rate: 8000, periodSize: PERIOD };
  return hwRequest({ ...wanted, bufferSize: 4 * PERIOD }, WORD);
}

const configure = (file: PcmFile): number =>
  file.ioctl("native", pcmRequest("HW_PARAMS", WORD), ARGUMENT);
const prepare = (file: PcmFile): number => file.ioctl("native", pcmRequest("PREPARE", WORD));

/** The call that sends a request, with what goes before it. */
function callOf(sent: "SET_PARAMS" | "PREPARE", file: PcmFile): number {
  const configured = configure(file);
  return sent === "SET_PARAMS" ? configured : prepare(file);
}

/** What the device answered, in order. */
function answersOf(card: VirtioSnd): string[] {
  return card.takeEvents().flatMap((event) => (event.kind === "answer" ? [event.request] : []));
}

describe.each(builds)("on the %s build", (build) => {
  test("HW_PARAMS sleeps until its request is answered, and goes on where the driver left it", async () => {
    const { card, file } = await bedOf(build, "SET_PARAMS");
    expect([configure(file), file.state]).toEqual([pcmBlocked, "OPEN"]);
    expect(file.finish()).toBe(pcmBlocked);
    expect(card.answer()).toBe(true);
    card.settle();
    expect([file.finish(), file.state]).toEqual([0, "SETUP"]);
  });

  test("a thread makes a call and finishes it, while the file's task makes others", async () => {
    const { machine, task, card, file } = await bedOf(build, "PREPARE");
    expect(configure(file)).toBe(0);
    const thread = machine.createTask({ sharing: task, cpu: null });
    thread.runOn(0);
    expect(prepare(file)).toBe(pcmBlocked);
    expect(() => prepare(file)).toThrow("task sleeps in ioctl; valid: finish()");
    task.runOn(0);
    expect(() => file.finish()).toThrow("task does not sleep");
    expect(file.ioctl("native", pcmRequest("HWSYNC", WORD))).toBeLessThan(0);
    card.answer();
    card.settle();
    expect([file.finish(thread), file.state]).toEqual([0, "PREPARED"]);
  });

  test("the driver gives up at its time limit", async () => {
    const { machine, file } = await bedOf(build, "SET_PARAMS");
    expect(configure(file)).toBe(pcmBlocked);
    machine.advanceClock(TIMEOUT);
    expect([file.finish(), file.state]).toEqual([-ETIMEDOUT, "OPEN"]);
  });

  test.each([
    ["HW_PARAMS", "SET_PARAMS", "OPEN"],
    ["PREPARE", "PREPARE", "SETUP"],
  ] as const)("a thread that ends in %s leaves no trace of the call", async (_, held, state) => {
    const { machine, task, card, file } = await bedOf(build, held);
    const thread = machine.createTask({ sharing: task, cpu: null });
    thread.runOn(0);
    expect(callOf(held, file)).toBe(pcmBlocked);
    expect(machine.exports.pcmShut(task.cpu, file.handle)).toBe(-EBUSY);
    thread.exit();
    task.runOn(0);
    expect(file.state).toBe(state);

    card.forgetEvents();
    expect([configure(file), prepare(file), file.state]).toEqual([0, 0, "PREPARED"]);
    expect(answersOf(card)).toEqual(["SET_PARAMS", "PREPARE"]);
    expect(file.write(ARGUMENT, PERIOD)).toBe(PERIOD);
    expect(card.answer()).toBe(true);
    card.settle();
    expect([task.blocked, file.state, kindsOf(machine)]).toEqual([false, "RUNNING", []]);
    file.close();
  });
});
