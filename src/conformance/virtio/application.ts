/** The application of a case of virtio-snd: files by slot, its calls, and what they left in its memory. */

import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Mapping } from "../../machine/mapping.ts";
import type { Task } from "../../machine/task.ts";
import type { PcmFile } from "../../systems/pcm/file.ts";
import { pcmRequest, type PcmRequestName } from "../../systems/pcm/requests.ts";
import { pcmStates } from "../../systems/pcm/states.ts";
import {
  decode,
  encode,
  statusLayout,
  swParamsLayout,
  transferLayout,
  wordLayout,
  type StructLayout,
} from "../../systems/pcm/structures.ts";
import type { VirtioSnd } from "../../systems/virtio/virtioSnd.ts";
import { UserPages } from "../pcm/userPages.ts";
import { chosenParameters, parameterImage, refinedParameters } from "./parameters.ts";
import { contentText, hexNumber, plainNumber, signedNumber } from "./text.ts";
import { fillBytes } from "./fill.ts";
import type { ApplicationOperation, ParameterOperation, Recorded } from "./steps.ts";
import type { Word } from "../base/trace.ts";

const EBADF = 9;
const EFAULT = 14;

/** Where the structures of requests and the frames lie in user memory. */
const ARGUMENTS = 0x10000000;
const ARGUMENT_BYTES = 4096;
const FRAMES = 0x18000000;
const FRAMES_BYTES = 2 << 20;

const SIGNED_WORDS = 64;
/** Bytes of a word at the two doors that programs come through. */
const wordsOf = { native: 8, i386: 4 } as const;

type Operation<Name extends string> = Extract<ApplicationOperation, { readonly app: Name }>;
type Answer = Record<string, unknown> & { ret: number };

/** An open file, and what the application keeps of it. */
interface Slot {
  readonly file: PcmFile;
  frameBytes: number;
  boundary: bigint;
  /** The last mapping of each area. */
  readonly mapped: Map<string, Place>;
  /** All mappings, which go before the file is closed. */
  readonly places: Place[];
}

interface Place {
  readonly at: number;
  readonly length: number;
}

/** A call that may sleep: what is read back once it is over. */
interface Call {
  readonly ret: number;
  readonly settle: (ret: number) => Answer;
  readonly file: PcmFile | null;
}

/** struct snd_pcm_sync_ptr of 64-bit programs. */
const syncLayout: StructLayout<
  "flags" | "state" | "hwPtr" | "suspendedState" | "applPtr" | "availMin"
> = {
  bytes: 136,
  fields: {
    flags: [0, 4],
    state: [8, 4],
    hwPtr: [16, 8],
    suspendedState: [40, 4],
    applPtr: [72, 8],
    availMin: [80, 8],
  },
};

/** Requests whose argument is nothing, or a number. */
const bareRequests: Readonly<Record<string, PcmRequestName>> = {
  HWSYNC: "HWSYNC",
  PREPARE: "PREPARE",
  HW_FREE: "HW_FREE",
  DROP: "DROP",
  START: "START",
  DRAIN: "DRAIN",
  RESET: "RESET",
  RESUME: "RESUME",
  XRUN: "XRUN",
};

export class VirtioSndApplication {
  readonly #machine: Machine;
  readonly #card: VirtioSnd;
  readonly #task: Task;
  /** A second thread, for the call that goes on in the background. */
  readonly #thread: Task;
  readonly #pages: UserPages;
  readonly #arguments: Mapping;
  readonly #frames: Mapping;
  readonly #threadArguments: Mapping;
  readonly #threadFrames: Mapping;
  readonly #slots = new Map<number, Slot>();
  #background: { readonly call: Call; answer: Answer | null } | null = null;

  constructor(machine: Machine, card: VirtioSnd) {
    this.#machine = machine;
    this.#card = card;
    this.#task = machine.createTask();
    this.#thread = machine.createTask({ sharing: this.#task, cpu: null });
    this.#pages = new UserPages(this.#task);
    const map = (at: number, length: number): Mapping => this.#task.map({ at, length });
    this.#arguments = map(ARGUMENTS, ARGUMENT_BYTES);
    this.#threadArguments = map(ARGUMENTS + ARGUMENT_BYTES, ARGUMENT_BYTES);
    this.#frames = map(FRAMES, FRAMES_BYTES);
    this.#threadFrames = map(FRAMES + FRAMES_BYTES, FRAMES_BYTES);
  }

  /** Does a step; a call in the background answers 0, and its outcome is for `join`. */
  perform(operation: ApplicationOperation): Answer {
    if (operation.app === "join") return this.#join();
    if (!("background" in operation) || operation.background === undefined) {
      const call = this.#call(operation, this.#arguments, this.#frames);
      return call.settle(this.#finish(call, this.#task));
    }
    this.#thread.runOn(0);
    const call = this.#call(operation, this.#threadArguments, this.#threadFrames);
    this.#task.runOn(0);
    const over = call.ret !== coreConstants.BLOCKED;
    this.#background = { call, answer: over ? call.settle(call.ret) : null };
    return { ret: 0 };
  }

  /** A call that sleeps alone: the clock goes to its limit, as often as it takes. */
  #finish(call: Call, task: Task): number {
    let ret = call.ret;
    while (ret === coreConstants.BLOCKED) {
      if (!task.canResume && !this.#machine.advanceToNextTimeout()) return -EFAULT;
      ret = call.file!.finish(task);
    }
    return ret;
  }

  /** Lets the second thread go on if what it waits for has come; true where it did something. */
  runBackground(): boolean {
    const background = this.#background;
    if (background === null || background.answer !== null || !this.#thread.canResume) return false;
    const ret = background.call.file!.finish(this.#thread);
    this.#task.runOn(0);
    if (ret !== coreConstants.BLOCKED) background.answer = background.call.settle(ret);
    return true;
  }

  #join(): Answer {
    while (this.#background !== null && this.#background.answer === null) {
      if (!this.runBackground() && !this.#machine.advanceToNextTimeout()) break;
    }
    const answer = this.#background?.answer ?? { ret: -EBADF };
    this.#background = null;
    const inputs = ["frames"];
    return Object.fromEntries(
      Object.entries(answer).filter(([name]) => !inputs.includes(name)),
    ) as Answer;
  }

  #call(
    operation: Exclude<ApplicationOperation, { app: "join" }>,
    area: Mapping,
    frames: Mapping,
  ): Call {
    switch (operation.app) {
      case "OPEN":
        return done(this.#open(operation));
      case "CLOSE":
        return done({ ret: this.#close(operation.slot) });
      case "HW_REFINE":
      case "HW_PARAMS":
        return this.#parameters(operation, area);
      case "SW_PARAMS":
        return this.#swParams(operation, area);
      case "WRITEI":
      case "READI":
        return this.#transfer(operation, area, frames);
      case "SYNC_PTR":
        return this.#syncPtr(operation, area);
      case "STATUS":
        return this.#status(operation.slot, area);
      case "DELAY":
        return this.#exchange(operation.slot, "DELAY", wordLayout[8], {}, area, (fields) => ({
          delay: signedNumber(fields.frames),
        }));
      case "FORWARD":
      case "REWIND":
        return this.#moveApplication(operation, area);
      case "PAUSE":
        return this.#request(operation.slot, "PAUSE", operation.arg, () => ({}));
      case "repeat":
        return done({ ret: 0 });
      case "POLL":
      case "MMAP":
      case "store":
      case "load":
      case "store_appl_ptr":
        return done(this.#mapped(operation));
      default:
        return this.#request(operation.slot, bareRequests[operation.app]!, 0, () => ({}));
    }
  }

  #mapped(operation: Operation<"POLL" | "MMAP" | "store" | "load" | "store_appl_ptr">): Answer {
    switch (operation.app) {
      case "POLL":
        return this.#poll(operation.slot);
      case "MMAP":
        return { ret: this.#mmap(operation) };
      case "store":
        return {
          ret: this.#store(
            operation.slot,
            "data",
            operation.offset,
            fillBytes(operation, operation.len),
          ),
        };
      case "store_appl_ptr": {
        const word = new DataView(new ArrayBuffer(8));
        word.setBigUint64(0, BigInt(operation.value), true);
        return { ret: this.#store(operation.slot, "control", 0, new Uint8Array(word.buffer)) };
      }
      case "load":
        return this.#load(operation);
    }
  }

  #open({ slot, stream, nonblock }: Operation<"OPEN">): Answer {
    const opened = this.#card.open(this.#task, stream, { nonblock });
    if (typeof opened === "number") {
      // its number for the file is lost, not the file
      this.#slots.delete(slot);
      return { ret: opened };
    }
    this.#slots.set(slot, {
      file: opened,
      frameBytes: 1,
      boundary: 0n,
      mapped: new Map(),
      places: [],
    });
    return { ret: 0 };
  }

  #close(slot: number): number {
    const open = this.#slots.get(slot);
    if (open === undefined) return -EBADF;
    for (const { at, length } of open.places) this.#task.unmap(at, length);
    open.file.close();
    this.#slots.delete(slot);
    return 0;
  }

  /** A request of the native door. */
  #request(
    slot: number,
    name: PcmRequestName,
    argument: number | bigint,
    outputs: (ret: number) => Recorded,
    door: keyof typeof wordsOf = "native",
  ): Call {
    const file = this.#slots.get(slot)?.file ?? null;
    const request = pcmRequest(name, wordsOf[door]);
    const ret = file === null ? -EBADF : file.ioctl(door, request, argument);
    return { ret, file, settle: (ret) => ({ ret, ...outputs(ret) }) };
  }

  /** A request with a structure, of which the answers are read back also after an error. */
  #exchange<Field extends string>(
    slot: number,
    name: PcmRequestName,
    layout: StructLayout<Field>,
    values: Readonly<Partial<Record<Field, bigint>>>,
    area: Mapping,
    outputs: (fields: Record<Field, bigint>, ret: number) => Recorded,
  ): Call {
    area.write(0, encode(layout, values));
    return this.#request(slot, name, area.address, (ret) =>
      outputs(decode(layout, area.read(0, layout.bytes)), ret),
    );
  }

  #moveApplication(operation: Operation<"FORWARD" | "REWIND">, area: Mapping): Call {
    const values = { frames: BigInt(operation.frames) };
    return this.#exchange(
      operation.slot,
      operation.app,
      wordLayout[8],
      values,
      area,
      ({ frames }) => ({ out_frames: plainNumber(frames) }),
    );
  }

  #parameters(operation: ParameterOperation, area: Mapping): Call {
    const { slot, app, entry: door = "native" } = operation;
    const image = parameterImage(operation, wordsOf[door]);
    area.write(0, image);
    const outputs = (ret: number): Recorded => {
      const answer = area.read(0, image.length);
      if (app === "HW_REFINE") return refinedParameters(answer);
      return ret === 0 ? this.#noteParameters(slot, answer) : {};
    };
    return this.#request(slot, app, area.address, outputs, door);
  }

  #noteParameters(slot: number, answer: Uint8Array): Recorded {
    const chosen = chosenParameters(answer);
    this.#slots.get(slot)!.frameBytes = chosen.frame_bytes;
    return chosen;
  }

  #boundaryOf(slot: number): bigint {
    return this.#slots.get(slot)?.file.field("boundary") ?? 0n;
  }

  #word(slot: number, value: Word | string): bigint {
    if (value === "boundary") return this.#boundaryOf(slot);
    if (typeof value === "string" && value.startsWith("B")) {
      return this.#boundaryOf(slot) + BigInt(value.slice(1).replace("+", "") || 0);
    }
    return BigInt(value);
  }

  #swParams(operation: Operation<"SW_PARAMS">, area: Mapping): Call {
    const { slot } = operation;
    const values = {
      periodStep: 1n,
      availMin: this.#word(slot, operation.avail_min),
      startThreshold: this.#word(slot, operation.start_threshold),
      stopThreshold: this.#word(slot, operation.stop_threshold),
      silenceThreshold: this.#word(slot, operation.silence_threshold),
      silenceSize: this.#word(slot, operation.silence_size),
    };
    return this.#exchange(slot, "SW_PARAMS", swParamsLayout[8], values, area, (fields) => ({
      boundary: plainNumber(fields.boundary),
    }));
  }

  #transfer(operation: Operation<"WRITEI" | "READI">, area: Mapping, frames: Mapping): Call {
    const { slot, app } = operation;
    const frameBytes = this.#slots.get(slot)?.frameBytes ?? 1;
    const bytes = operation.frames * frameBytes;
    if (operation.app === "WRITEI") frames.write(0, fillBytes(operation, bytes));
    const values = { data: frames.address, frames: BigInt(operation.frames) };
    return this.#exchange(slot, app, transferLayout[8], values, area, (fields) => {
      const result = Number(BigInt.asIntN(SIGNED_WORDS, fields.result));
      if (app === "WRITEI") return { result };
      return { result, data: contentText(frames.read(0, Math.max(result, 0) * frameBytes)) };
    });
  }

  #syncPtr(operation: Operation<"SYNC_PTR">, area: Mapping): Call {
    const { slot, flags } = operation;
    const values = {
      flags: BigInt(flags),
      applPtr: BigInt.asUintN(64, this.#word(slot, operation.appl_ptr)),
      availMin: BigInt(operation.avail_min),
    };
    return this.#exchange(slot, "SYNC_PTR", syncLayout, values, area, (fields) => ({
      state: pcmStates[Number(fields.state)]!,
      hw_ptr: plainNumber(fields.hwPtr),
      out_appl_ptr: plainNumber(fields.applPtr),
      out_avail_min: plainNumber(fields.availMin),
    }));
  }

  #status(slot: number, area: Mapping): Call {
    return this.#exchange(slot, "STATUS", statusLayout[8], {}, area, (fields) => ({
      state: pcmStates[Number(fields.state)]!,
      appl_ptr: plainNumber(fields.applPtr),
      hw_ptr: plainNumber(fields.hwPtr),
      delay: signedNumber(fields.delay),
      avail: plainNumber(fields.avail),
      avail_max: plainNumber(fields.availMax),
      overrange: 0,
      suspended_state: Number(fields.suspendedState),
    }));
  }

  #poll(slot: number): Answer {
    const file = this.#slots.get(slot)?.file;
    const revents = file?.poll() ?? 0;
    return { ret: revents === 0 ? 0 : 1, revents: hexNumber(revents) };
  }

  #mmap({ slot, area, len }: Operation<"MMAP">): number {
    const open = this.#slots.get(slot);
    if (open === undefined) return -EBADF;
    const at = this.#pages.freeAddress(len);
    const names = { data: "ring", status: "status", control: "control" } as const;
    const ret = open.file.mmap(names[area], at, len, area === "status" ? "r" : "rw");
    if (ret !== 0) return ret;
    const place = { at, length: len };
    open.mapped.set(area, place);
    open.places.push(place);
    return ret;
  }

  #store(slot: number, area: string, offset: number, bytes: Uint8Array): number {
    const place = this.#slots.get(slot)?.mapped.get(area);
    const stored = place !== undefined && this.#pages.store(place.at + offset, bytes);
    return stored ? 0 : -EFAULT;
  }

  #load({ slot, offset, len }: Operation<"load">): Answer {
    const place = this.#slots.get(slot)?.mapped.get("data");
    const bytes = new Uint8Array(len);
    const loaded = place !== undefined && this.#pages.load(place.at + offset, bytes);
    return loaded ? { ret: 0, data: contentText(bytes) } : { ret: -EFAULT, data: "-" };
  }
}

function done(answer: Answer): Call {
  return { ret: answer.ret, file: null, settle: () => answer };
}
