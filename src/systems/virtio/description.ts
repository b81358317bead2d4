import {
  byteArrayOf,
  checkThat,
  flag,
  listOf,
  nameOf,
  objectOf,
  optional,
  whole,
} from "../../base/checks.ts";
import type { ConstantName } from "../../core/exports.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";

/** What a virtio sound device is made of, and how its driver is set up. */

/** Queues in the order of the transport. */
export const queueNames = ["ctl", "evt", "tx", "rx"] as const;
export type VirtioQueueName = (typeof queueNames)[number];

/**
 * The designs of the driver, each with its number in the core and the info word that it offers (struct
 * snd_pcm_hardware). "mmap" is the one of 5.13 to 6.6, "ack" the one from 6.7 on. "copy" was a request for comments in
 * October 2023, "copy-bytes" and "ack-modulo" its second and third version, on the way to "ack"; none of the three was
 * ever merged. "corrected" is our own, without what "ack" leaves open.
 *
 * All offer BATCH, BLOCK_TRANSFER, INTERLEAVED and PAUSE (0x90110), all that do not copy MMAP and MMAP_VALID (0x3), all
 * from "copy-bytes" on NO_REWINDS (0x20000000), and those that acknowledge SYNC_APPLPTR (0x20).
 */
export const designs = {
  mmap: { constant: "DESIGN_MMAP", info: 0x90113 },
  copy: { constant: "DESIGN_COPY", info: 0x90110 },
  "copy-bytes": { constant: "DESIGN_COPY_BYTES", info: 0x20090110 },
  "ack-modulo": { constant: "DESIGN_ACK_MODULO", info: 0x20090133 },
  ack: { constant: "DESIGN_ACK", info: 0x20090133 },
  corrected: { constant: "DESIGN_CORRECTED", info: 0x20090133 },
} as const satisfies Record<string, { readonly constant: ConstantName; readonly info: number }>;
export type VirtioSndDesign = keyof typeof designs;
export const designNames = Object.keys(designs) as readonly VirtioSndDesign[];

/** Control requests by name. */
export const requests = {
  JACK_INFO: coreConstants.REQUEST_JACK_INFO,
  PCM_INFO: coreConstants.REQUEST_PCM_INFO,
  SET_PARAMS: coreConstants.REQUEST_SET_PARAMS,
  PREPARE: coreConstants.REQUEST_PREPARE,
  RELEASE: coreConstants.REQUEST_RELEASE,
  START: coreConstants.REQUEST_START,
  STOP: coreConstants.REQUEST_STOP,
  CHMAP_INFO: coreConstants.REQUEST_CHMAP_INFO,
} as const;
export type VirtioRequestName = keyof typeof requests;
export const requestNames = Object.keys(requests) as readonly VirtioRequestName[];

export function requestName(code: number): string {
  return requestNames.find((name) => requests[name] === code) ?? `0x${code.toString(16)}`;
}

/** One stream of the device, as its info says (struct virtio_snd_pcm_info). */
export interface VirtioSndStream {
  /** Function group: streams of one group are one PCM device. */
  readonly nid: number;
  readonly features: number;
  /** Bit n: format n, by virtio's numbers. */
  readonly formats: bigint;
  /** Bit n: rate n, by virtio's numbers. */
  readonly rates: bigint;
  /** 0 output, 1 input; others are what a broken device says. */
  readonly direction: number;
  readonly channels: readonly [least: number, most: number];
}

/** How control requests of a kind are answered. */
export interface VirtioSndRule {
  readonly request: VirtioRequestName;
  /** So many are let pass first. Default 0. */
  readonly skip?: number;
  /** How often it applies; absent: always. */
  readonly times?: number;
  /** The answer's code. Default OK. */
  readonly status?: number;
  /** No answer at all, or one that comes when it is told to. */
  readonly action?: "never" | "later";
  /** Stored as the answer's length instead of the truth. */
  readonly usedLength?: number;
  /** RELEASE: so many messages stay in the queue; −1: all. */
  readonly keep?: number;
}

/** The device. */
export interface VirtioSndDevice {
  readonly streams: readonly VirtioSndStream[];
  /** Offered: indirect descriptors. Default true. */
  readonly indirect?: boolean;
  /** Offered: event index. Default false. */
  readonly eventIndex?: boolean;
  /** Offered: VERSION_1. Default true. */
  readonly version1?: boolean;
  /** Entries of control, event, tx and rx; powers of two. */
  readonly queues?: readonly [number, number, number, number];
  /** Info structures of jacks and channel maps, 24 bytes each. */
  readonly jacks?: readonly Uint8Array[];
  readonly channelMaps?: readonly Uint8Array[];
  readonly rules?: readonly VirtioSndRule[];
  /** It fills an rx message the moment it sees it. */
  readonly eagerRx?: boolean;
  /**
   * It remembers what it was given, and whatever the driver or the program changes of it is a finding: "virtio-store",
   * "virtio-unfinished", "virtio-reuse". In the study build it also looks after each store to a ring. Default false.
   */
  readonly guards?: boolean;
  /**
   * Bytes of the buffer into which it plays a message's data, at most; what is longer is cut. Default 0: it does not
   * read them.
   */
  readonly output?: number;
  /** latency_bytes of messages that RELEASE returns. */
  readonly releaseLatency?: number;
}

/** The driver's module parameters, in milliseconds and periods. */
export interface VirtioSndParameters {
  readonly messageTimeout: number;
  readonly buffer: number;
  readonly periodsMin: number;
  readonly periodsMax: number;
  readonly periodMin: number;
  readonly periodMax: number;
}

export const defaultParameters: VirtioSndParameters = {
  messageTimeout: 1000,
  buffer: 160,
  periodsMin: 2,
  periodsMax: 16,
  periodMin: 10,
  periodMax: 80,
};

export const defaultQueues = [64, 16, 64, 64] as const;

const word = whole(0, 2 ** 32 - 1);
const octet = whole(0, 255);
const mask = checkThat(
  "a bigint of 64 bits",
  (value) => typeof value === "bigint" && value === BigInt.asUintN(64, value),
);
const STRUCTURE_BYTES = 24;
const MOST_STREAMS = 256;
const MOST_OUTPUT = 2 ** 24;

function isChannelRange(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((n) => Number.isInteger(n) && n >= 0 && n <= 255)
  );
}

function isQueueSizes(value: unknown): boolean {
  return Array.isArray(value) && value.length === queueNames.length && value.every(isQueueSize);
}

function isQueueSize(entries: unknown): boolean {
  return (
    Number.isInteger(entries) &&
    (entries as number) >= 1 &&
    (entries as number) <= coreConstants.MAX_ENTRIES &&
    Math.log2(entries as number) % 1 === 0
  );
}

const structure = byteArrayOf(`${STRUCTURE_BYTES} bytes`, (length) => length === STRUCTURE_BYTES);

export const streamShape = objectOf<VirtioSndStream>({
  nid: word,
  features: word,
  formats: mask,
  rates: mask,
  direction: octet,
  channels: checkThat("[least, most] channels, from 0 to 255", isChannelRange),
});

export const ruleShape = objectOf<VirtioSndRule>({
  request: nameOf(requestNames),
  skip: optional(word),
  times: optional(whole(0, 2 ** 31 - 1)),
  status: optional(word),
  action: optional(nameOf(["never", "later"])),
  usedLength: optional(whole(0, 2 ** 31 - 1)),
  keep: optional(whole(-1, 2 ** 31 - 1)),
});

function isStreamList(value: unknown): boolean {
  return Array.isArray(value) && value.length <= MOST_STREAMS;
}

export const deviceShape = objectOf<VirtioSndDevice>({
  streams: (argument, value) => {
    checkThat(`a list of at most ${MOST_STREAMS} streams`, isStreamList)(argument, value);
    listOf(streamShape)(argument, value);
  },
  indirect: optional(flag),
  eventIndex: optional(flag),
  version1: optional(flag),
  queues: optional(
    checkThat(
      `the entries of four queues, powers of two up to ${coreConstants.MAX_ENTRIES}`,
      isQueueSizes,
    ),
  ),
  jacks: optional(listOf(structure)),
  channelMaps: optional(listOf(structure)),
  rules: optional(listOf(ruleShape)),
  eagerRx: optional(flag),
  guards: optional(flag),
  output: optional(whole(0, MOST_OUTPUT)),
  releaseLatency: optional(word),
});

const milliseconds = whole(0, 1_000_000);

export const parametersShape = objectOf<Partial<VirtioSndParameters>>({
  messageTimeout: optional(milliseconds),
  buffer: optional(milliseconds),
  periodsMin: optional(milliseconds),
  periodsMax: optional(milliseconds),
  periodMin: optional(milliseconds),
  periodMax: optional(milliseconds),
});
