import { RAM_BYTES, SAMPLE_RING_BYTES } from "../cells.ts";
import { PAGE_MASK, PAGE_SIZE, RAM } from "./js/layout.ts";
import { createMachine, mapAnonymous } from "./js/machine.ts";
import {
  EVENT_NUMBER,
  EVENT_PID,
  EVENT_STACK,
  EVENT_TIME,
  EVENT_TYPE,
  EVENT_WORDS,
  FRAME_WORDS,
  loopSamples,
} from "./js/perf.ts";
import type { SamplePlace } from "./js/perf.ts";
import { lookup } from "./js/tables.ts";
import { putUser } from "./js/uaccess.ts";

// S1 on the machine in plain JavaScript: the kernel's memory holds the event, the frame and the ring.

/** The sample types of S1: ip, tid, time, cpu, period, user registers; and the user's stack. */
const TYPES = 0b1_0001_1000_0111;
const STACK_TYPE = 1 << 13;
/** SW_DUMMY. */
const NUMBER = 9;
const STACK_LO = 0x2000_0000;
const STACK_PAGES = 3;
const USER_CS = 0x33;
/** Words (of 8 bytes) of the frame. */
const FRAME_CS = 17;
const FRAME_SP = 19;
const SP_LO = STACK_LO + 0x1538;
const STACK_WORD = 0x0706_0504;

/** As SampleBed, with what a test wants to set and see. */
export interface JsSampleBed {
  readonly sample: (n: number) => number;
  readonly ring: Uint8Array;
  /** The registers that are sampled (struct pt_regs), live. */
  readonly frame: Uint8Array;
  /** The user's stack from its stack pointer on, live. */
  readonly stack: Uint8Array;
  readonly setNumbers: (pid: number, nanoseconds: bigint) => void;
}

const EVENT = RAM >> 2;
const FRAME = EVENT + EVENT_WORDS;
const RING = (RAM + PAGE_SIZE) >> 2;
const PLACE: SamplePlace = {
  event: EVENT,
  frame: FRAME,
  ring: RING,
  ringBytes: SAMPLE_RING_BYTES,
};

/** `stack`: bytes of the user's stack in each sample. */
export function createJsSampleBed(stack: number): JsSampleBed {
  const machine = createMachine(RAM_BYTES, PAGE_SIZE + SAMPLE_RING_BYTES);
  const { words, bytes } = machine;
  mapAnonymous(machine, STACK_LO, 0, STACK_PAGES * PAGE_SIZE);
  for (let at = 0; at < STACK_PAGES * PAGE_SIZE; at += 4) {
    putUser(machine, STACK_LO + at, 0, STACK_WORD);
  }
  words[EVENT + EVENT_TYPE] = stack === 0 ? TYPES : TYPES | STACK_TYPE;
  words[EVENT + EVENT_NUMBER] = NUMBER;
  words[EVENT + EVENT_STACK] = stack;
  words[FRAME + 2 * FRAME_CS] = USER_CS;
  words[FRAME + 2 * FRAME_SP] = SP_LO;
  const stackAt = lookup(words, SP_LO, 0) + (SP_LO & PAGE_MASK);
  return {
    sample: (n) => loopSamples(machine, PLACE, NUMBER, n),
    ring: bytes.subarray(RING << 2, (RING << 2) + SAMPLE_RING_BYTES),
    frame: bytes.subarray(FRAME << 2, (FRAME << 2) + 8 * FRAME_WORDS),
    stack: bytes.subarray(stackAt, stackAt + stack),
    setNumbers(pid, nanoseconds) {
      words[EVENT + EVENT_PID] = pid;
      words[EVENT + EVENT_TIME] = Number(BigInt.asIntN(32, nanoseconds));
      words[EVENT + EVENT_TIME + 1] = Number(BigInt.asIntN(32, nanoseconds >> 32n));
    },
  };
}
