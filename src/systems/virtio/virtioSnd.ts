import {
  checkOptions,
  flag,
  listOf,
  nameOf,
  optional,
  whole,
  wholeNumber,
  type Shape,
} from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import { behavioursOf } from "../../machine/kernel.ts";
import { madeMachine, type Machine } from "../../machine/machine.ts";
import type { Task } from "../../machine/task.ts";
import { DriverDevice } from "../pcm/device.ts";
import { pcmDoorNames, type PcmDoor } from "../pcm/doors.ts";
import { PcmFile } from "../pcm/file.ts";
import type { PcmOpenOptions } from "../pcm/opening.ts";
import type { PcmDeviceLimits } from "../pcm/params/index.ts";
import { pcmDirections, type PcmDirection } from "../pcm/states.ts";
import { PcmStream } from "../pcm/stream.ts";
import { describeDevice, giveUp, probe, restore, type Binding } from "./binding.ts";
import { completeMessages, type CompleteRequest } from "./completion.ts";
import { CoreCard, journalNames, type VirtioSndJournal } from "./coreCard.ts";
import {
  defaultParameters,
  designNames,
  deviceShape,
  parametersShape,
  queueNames,
  ruleShape,
  type VirtioQueueName,
  type VirtioSndDesign,
  type VirtioSndDevice,
  type VirtioSndParameters,
  type VirtioSndRule,
} from "./description.ts";
import type { VirtioSndEvent } from "./journal.ts";
import {
  lookAtQueue,
  queuePlaces,
  ringCounters,
  waitingHeads,
  type QueuePlaces,
  type QueueView,
  type RingCounters,
} from "./rings.ts";

const EBUSY = 16;
const ENOENT = 2;

const DEFAULT_JOURNAL = 1 << 20;

export interface VirtioSndOptions {
  /** Which driver. Default the one of the machine's kernel. */
  readonly design?: VirtioSndDesign;
  readonly parameters?: Partial<VirtioSndParameters>;
  /** Number of the sound card. Default 8. */
  readonly card?: number;
  /** Bytes kept of what the device saw and did between two questions. Default 1 MiB. */
  readonly journalBytes?: number;
  /** What is kept. Default "contents". Without any the device is faster, and says nothing. */
  readonly journal?: VirtioSndJournal;
}

const MOST_WORD = 2 ** 32 - 1;

const anyQueue = nameOf(queueNames);
const ioQueue = nameOf(["tx", "rx"]);
const pieceLengths = listOf(whole(1, MOST_WORD));

const DEFAULT_CARD = 8;
const options = {
  design: optional(nameOf(designNames)),
  parameters: optional(parametersShape),
  card: optional(whole(0, 2 ** 31 - 1)),
  journalBytes: optional(whole(4096, 2 ** 28)),
  journal: optional(nameOf(journalNames)),
};

/** How a program opens a stream. */
export interface VirtioSndOpenOptions {
  /** O_NONBLOCK. Default false. */
  readonly nonblock?: boolean;
}

/** Likewise, and the door that the verbs go through. */
export interface VirtioSndStreamOptions extends VirtioSndOpenOptions {
  /** Default "native". */
  readonly door?: PcmDoor;
}

const openRequest: Shape<VirtioSndStreamOptions> = {
  nonblock: optional(flag),
  door: optional(nameOf(pcmDoorNames)),
};

/** A stream as the driver knows it. */
interface BoundStream {
  readonly nid: number;
  readonly direction: number;
  readonly device: DriverDevice;
}

/**
 * A virtio sound device that is plugged into a machine, and its driver. The device does what it is told: answer control
 * requests by rules, return messages, report events. It keeps a journal of what it saw and did.
 */
export class VirtioSnd {
  readonly #binding: Binding;
  readonly #cardNumber: number;
  readonly #completion: number;
  readonly #files = new Map<number, PcmFile>();
  readonly #streams: readonly BoundStream[];
  #lastOpen = 0;
  /** The driver took the device. */
  readonly isBound: boolean;

  private constructor(machine: Machine, device: VirtioSndDevice, wanted: VirtioSndOptions) {
    const design = wanted.design ?? designOf(machine);
    const parameters = parametersOf(wanted.parameters ?? {});
    const { journal = "contents", journalBytes = DEFAULT_JOURNAL } = wanted;
    const core = new CoreCard(machine, design, parameters.messageTimeout, {
      keeps: journal,
      bytes: journalBytes,
    });
    this.#binding = { core, device, design, parameters };
    this.#cardNumber = wanted.card ?? DEFAULT_CARD;
    this.#completion = core.allocated(
      machine.exports.virtioAllocate(machine.constant("COMPLETION_BYTES")),
    );
    describeDevice(this.#binding);
    const limits = probe(this.#binding);
    this.isBound = limits !== null;
    this.#streams = (limits ?? []).map((stream, id) => this.#boundStream(stream, id));
  }

  /**
   * Plugs a device in; the driver probes it, and may refuse it: see {@link isBound}.
   * @throws FaultlineError "no-memory" when RAM is full
   */
  static plug(machine: Machine, device: VirtioSndDevice, wanted: VirtioSndOptions = {}): VirtioSnd {
    madeMachine("machine", machine);
    deviceShape("device", device);
    checkOptions("options", wanted, options);
    return new VirtioSnd(machine, device, wanted);
  }

  /** Made here: an object that inherits from a card, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is VirtioSnd {
    return typeof value === "object" && value !== null && #binding in value;
  }

  get #core(): CoreCard {
    return this.#binding.core;
  }

  get machine(): Machine {
    return this.#core.machine;
  }

  /** Linear address of the card's record in the core, for what the core is asked directly. */
  get address(): number {
    return this.#core.address;
  }

  get design(): VirtioSndDesign {
    return this.#binding.design;
  }

  #boundStream(limits: PcmDeviceLimits, id: number): BoundStream {
    const { nid, direction } = this.#binding.device.streams[id]!;
    const device = new DriverDevice({
      name: "virtio-snd",
      card: this.#cardNumber,
      limits,
      attach: (cpu, stream) => {
        const { machine, address } = this.#core;
        this.#lastOpen = machine.exports.virtioAttach(cpu, stream, address, id);
        return this.#lastOpen;
      },
    });
    return { nid, direction, device };
  }

  /** A rule for control requests from now on, behind those there are. */
  addRule(rule: VirtioSndRule): void {
    ruleShape("rule", rule);
    this.#core.addRule(rule);
  }

  /** What the device saw and did since the last question, oldest first. */
  takeEvents(): VirtioSndEvent[] {
    return this.#core.takeEvents();
  }

  /** Drops what it saw and did since the last question. */
  forgetEvents(): void {
    this.#core.forgetEvents();
  }

  /** Events for which the journal had no room. */
  get lostEvents(): number {
    return this.#core.lostEvents;
  }

  /**
   * open(2) of the PCM device that a stream belongs to, in its direction: the first free one of its streams is taken.
   * The open file, or −errno.
   */
  open(task: Task, stream: number, wanted: VirtioSndOpenOptions = {}): PcmFile | number {
    return this.#opened(stream, wanted, (options) => new PcmFile(task, options));
  }

  /** Likewise, with the kernel's requests as verbs. */
  openStream(task: Task, stream: number, wanted: VirtioSndStreamOptions = {}): PcmStream | number {
    return this.#opened(stream, wanted, (options) =>
      PcmStream.open(task, { ...options, door: wanted.door ?? "native" }),
    );
  }

  #opened<File extends PcmFile>(
    stream: number,
    wanted: VirtioSndOpenOptions,
    make: (options: PcmOpenOptions) => File,
  ): File | number {
    wholeNumber("stream", stream, 0, MOST_WORD);
    checkOptions("options", wanted, openRequest);
    const model = this.#streams[stream];
    if (model === undefined) return -ENOENT;
    const id = this.#streams.findIndex(
      ({ nid, direction }, id) =>
        nid === model.nid && direction === model.direction && !this.#isTaken(id),
    );
    return id < 0 ? -EBUSY : this.#openAs(id, wanted.nonblock ?? false, make);
  }

  #openAs<File extends PcmFile>(
    id: number,
    nonblock: boolean,
    make: (options: PcmOpenOptions) => File,
  ): File | number {
    const { nid, direction, device } = this.#streams[id]!;
    this.#lastOpen = 0;
    try {
      const file = make({
        device,
        direction: pcmDirections[direction]!,
        number: nid % 2 ** 31,
        nonblock,
      });
      this.#files.set(id, file);
      return file;
    } catch (error) {
      if (this.#lastOpen !== 0) return this.#lastOpen;
      throw error;
    }
  }

  #isTaken(id: number): boolean {
    return this.#files.get(id)?.isReleased === false;
  }

  /** The file that has a stream, by the stream's number, until it is released; undefined while nobody has it. */
  file(stream: number): PcmFile | undefined {
    return this.#isTaken(stream) ? this.#files.get(stream) : undefined;
  }

  /** @throws UsageError for a stream that the driver did not take */
  directionOf(stream: number): PcmDirection {
    if (this.#streams.length === 0) {
      const problem = "is of a card none of whose streams the driver took";
      throw new UsageError({ argument: "stream", problem, valid: "a card that isBound" });
    }
    const known = this.#streams[wholeNumber("stream", stream, 0, this.#streams.length - 1)]!;
    return pcmDirections[known.direction]!;
  }

  /** First entries of the messages that the device has, oldest first. */
  waitingHeads(queue: "tx" | "rx"): number[] {
    ioQueue("queue", queue);
    return waitingHeads(this.machine, this.#core.queueAddress(queueNames.indexOf(queue)));
  }

  /** Byte lengths of the parts of a stream's ring that are adjacent for the device, at its next HW_PARAMS. */
  setRingPieces(stream: number, lengths: readonly number[]): void {
    this.directionOf(stream);
    pieceLengths("lengths", lengths);
    const at = this.#core.allocated(
      this.machine.exports.virtioCuts(this.#core.address, stream, lengths.length),
    );
    let end = 0;
    for (const [index, length] of lengths.entries()) {
      end += length;
      this.machine.words[(at >>> 2) + index] = end;
    }
  }

  /** The device looks at its rings, as it may at any time. */
  look(): void {
    this.machine.exports.virtioLook(this.#core.address);
  }

  /** The driver's scheduled notifications run. */
  settle(): void {
    this.machine.exports.virtioSettle(0, this.#core.address);
  }

  /** The device returns messages: how many were, or −2 where none waited. */
  complete(request: CompleteRequest): number {
    return completeMessages(this.#core, this.#completion, request);
  }

  /**
   * The device plays up to so many messages of tx, the oldest first: it reads each one's data into its output and
   * returns it, the driver's notification runs, and it looks at the ring again. How many it played.
   */
  play(count = 1): number {
    wholeNumber("count", count, 1, MOST_WORD);
    return this.machine.exports.virtioPlay(0, this.#core.address, count) >>> 0;
  }

  /** What it read of the message that it played last, a copy; as much as its output holds. */
  get played(): Uint8Array {
    const at = this.#core.deviceWord("SOUND_DEVICE_OUTPUT");
    return this.machine.bytes.slice(at, at + this.#core.deviceWord("SOUND_DEVICE_PLAYED"));
  }

  /** The device returns an event buffer: 0, or −2 where none waits. */
  sendEvent(code: number, data: number): number {
    wholeNumber("code", code, 0, MOST_WORD);
    wholeNumber("data", data, 0, MOST_WORD);
    return this.machine.exports.virtioEvent(this.#core.address, code, data);
  }

  /** The device answers the oldest request that it held; false where there is none. */
  answer(code: number = coreConstants.STATUS_OK): boolean {
    wholeNumber("code", code, 0, MOST_WORD);
    return this.machine.exports.virtioAnswer(this.#core.address, code) !== 0;
  }

  /** The device raises a queue's interrupt, wanted or not. */
  interrupt(queue: VirtioQueueName): void {
    anyQueue("queue", queue);
    this.machine.exports.virtioInterrupt(0, this.#core.address, queueNames.indexOf(queue));
  }

  /** The device stores the flags of a used ring: bit 0 asks for no kicks. */
  setUsedFlags(queue: VirtioQueueName, value: number): void {
    anyQueue("queue", queue);
    wholeNumber("value", value, 0, 2 ** 16 - 1);
    const used = this.#core.queueWord(queueNames.indexOf(queue), "DEVICE_QUEUE_USED");
    new DataView(this.machine.bytes.buffer).setUint16(used, value, true);
  }

  /** System sleep: PCM streams are suspended, then the driver gives the device up. */
  suspend(): void {
    for (const nid of new Set(this.#streams.map((stream) => stream.nid))) {
      const id = this.#streams.findIndex((stream, id) => stream.nid === nid && this.#isTaken(id));
      if (id >= 0) this.#files.get(id)!.suspend();
    }
    giveUp(this.#core);
  }

  /** And its end: the driver sets the device up again. */
  resume(): void {
    restore(this.#binding);
  }

  /** The counters of a queue, or null while there is none. */
  counters(queue: VirtioQueueName): RingCounters | null {
    anyQueue("queue", queue);
    return ringCounters(this.machine, this.#core.queueAddress(queueNames.indexOf(queue)));
  }

  /**
   * Where a queue's parts begin in `machine.bytes`, or null while there is none: for a driver or a device that breaks
   * the rules.
   */
  places(queue: VirtioQueueName): QueuePlaces | null {
    anyQueue("queue", queue);
    return queuePlaces(this.machine, this.#core.queueAddress(queueNames.indexOf(queue)));
  }

  /** A queue byte for byte, or null while there is none. */
  view(queue: VirtioQueueName): QueueView | null {
    anyQueue("queue", queue);
    return lookAtQueue(
      this.machine,
      this.#core.queueAddress(queueNames.indexOf(queue)),
      queue,
      this.#core.heldHeads(),
      (id) => this.file(id),
    );
  }
}

/** What is not given, or given as undefined, is as in the driver. */
function parametersOf(wanted: Partial<VirtioSndParameters>): VirtioSndParameters {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return { ...defaultParameters, ...Object.fromEntries(given) };
}

/** The driver of the machine's kernel. */
function designOf(machine: Machine): VirtioSndDesign {
  const { kernel, arch } = machine.shape;
  return behavioursOf(kernel.version, arch).includes("BEHAVIOUR_VIRTIO_ACK") ? "ack" : "mmap";
}
