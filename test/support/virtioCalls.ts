import { DeviceSchedule, VirtioSnd, wrongPeriods } from "../../src/index.ts";
import type { Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

/** U8 and S16, mono and stereo, 8 and 48 kHz. */
const stream = {
  nid: 0,
  features: 0,
  formats: 48n,
  rates: 130n,
  direction: 0,
  channels: [1, 2],
} as const;

const device = {
  streams: [stream],
  indirect: true,
  eventIndex: false,
  version1: true,
  queues: [8, 8, 8, 8],
  jacks: [],
  channelMaps: [],
  rules: [{ request: "STOP", skip: 1, times: 1, status: 0x8000, usedLength: 4, keep: 0 }],
  eagerRx: false,
  guards: false,
  output: 64,
  releaseLatency: 0,
} as const;

const options = {
  design: "ack",
  parameters: { messageTimeout: 1000 },
  card: 8,
  journalBytes: 4096,
  journal: "contents",
} as const;

const timing = { reads: "turn", order: [0], reportsXrun: false, stream: 0 } as const;

const cardOf = ({ machine }: Floor): VirtioSnd => VirtioSnd.plug(machine, device, options);

/** Good arguments of every method of a virtio sound card, and of a device that plays by a schedule. */
export const virtioMethods: Readonly<
  Record<
    string,
    (floor: Floor) => { on: object; calls: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  VirtioSnd: (floor) => ({
    on: cardOf(floor),
    calls: {
      addRule: [{ request: "STOP", action: "later" }],
      answer: [0x8000],
      complete: [
        { queue: "tx", count: 1, first: 0, status: 0x8000, latency: 0, interrupts: "one" },
      ],
      counters: ["tx"],
      directionOf: [0],
      file: [0],
      forgetEvents: [],
      interrupt: ["tx"],
      look: [],
      open: [floor.task, 0, { nonblock: true }],
      openStream: [floor.task, 0, { nonblock: true, door: "native" }],
      places: ["tx"],
      play: [1],
      resume: [],
      sendEvent: [0x1101, 0],
      setRingPieces: [0, [4096]],
      setUsedFlags: ["tx", 1],
      settle: [],
      suspend: [],
      takeEvents: [],
      view: ["tx"],
      waitingHeads: ["tx"],
    },
  }),
  DeviceSchedule: (floor) => ({
    on: new DeviceSchedule(cardOf(floor), timing),
    calls: { look: [], period: [], takeEvents: [] },
  }),
};

export const virtioFunctions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  "VirtioSnd.plug": ({ machine }) => ({
    call: VirtioSnd.plug,
    args: [machine, device, options],
  }),
  "new DeviceSchedule": (floor) => ({
    call: (...args: unknown[]) => Reflect.construct(DeviceSchedule, args) as unknown,
    args: [cardOf(floor), timing],
  }),
  wrongPeriods: () => ({ call: wrongPeriods, args: [[new Uint8Array(2)], new Uint8Array(2)] }),
};
