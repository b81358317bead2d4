import {
  checkOptions,
  checkThat,
  listOf,
  nameOf,
  optional,
  whole,
  wrong,
  type Shape,
} from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { anyAddress, halves, join, type Address } from "../../machine/address.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { Mapping } from "../../machine/mapping.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import { syncPtrLayout, type AbiName } from "./abi.ts";
import type {
  PcmAnswer,
  PcmChannelInfo,
  PcmInfo,
  PcmStatus,
  PcmSwParams,
  PcmSync,
  PcmSyncRequest,
} from "./answers.ts";
import {
  channelInfoAnswer,
  frameCount,
  infoAnswer,
  statusAnswer,
  swParamsAnswer,
  syncAnswer,
  type SyncLayout,
} from "./decodedAnswers.ts";
import { doorNumber, pcmDoorNames, wordBytesAt, type PcmDoor } from "./doors.ts";
import type { DriverCall } from "./driverLog.ts";
import { pcmFormats } from "./formatNames.ts";
import { PcmFile } from "./file.ts";
import { openOptions, type PcmOpenOptions } from "./opening.ts";
import {
  hwAnswer,
  hwRequest,
  type PcmHwAnswer,
  type PcmHwRequest,
  type WordBytes,
} from "./params/index.ts";
import { pcmRequest, type PcmRequestName } from "./requests.ts";
import { fellAsleep, requireAwake } from "./sleep.ts";
import {
  channelInfoLayout,
  decode,
  encode,
  infoLayout,
  intLayout,
  statusLayout,
  swParamsLayout,
  transferLayout,
  wordLayout,
} from "./structures.ts";
import {
  configuration,
  softwareParameters,
  syncRequest,
  type PcmConfiguration,
  type SwParamsRequest,
} from "./wanted.ts";

/** From where on a free page is looked for in which the requests' structures lie. */
const ARGUMENT_ADDRESS = 0x08000000;
const ARGUMENT_BYTES = 4096;
/** Where a list of channel addresses begins in the page. */
const LIST_OFFSET = 64;
const LIST_BYTES = ARGUMENT_BYTES - LIST_OFFSET;

const INT_BYTES = 4;

const ACCESS_RW_INTERLEAVED = 3;

/** What a call answers while its task sleeps in it; `finish()` goes on with it. */
export const pcmBlocked: number = coreConstants.BLOCKED;

/** How a program uses a stream. */
export interface PcmStreamOptions extends PcmOpenOptions {
  /** The door that the verbs go through. Default "native". */
  readonly door?: PcmDoor;
}

const streamOptions: Shape<PcmStreamOptions> = {
  ...openOptions,
  door: optional(nameOf(pcmDoorNames)),
};

const addressList = listOf(anyAddress);
const otherFile = checkThat("an open PCM file", (value) => PcmFile.isOne(value));

/**
 * A PCM file with the kernel's requests as verbs. Each verb puts its structure into a page of user memory that the
 * stream has mapped (at {@link argument}), makes the call at its door and reads the structure back. Verbs answer as the
 * kernel does: 0 or more, −errno, or {@link pcmBlocked}. Only misuse throws.
 */
export class PcmStream extends PcmFile {
  /** The door that the verbs go through. */
  readonly door: PcmDoor;
  readonly #page: Mapping;
  readonly #word: WordBytes;

  private constructor(task: Task, options: PcmStreamOptions = {}) {
    madeTask("task", task);
    checkOptions("options", options, streamOptions);
    const { door = "native", ...file } = options;
    doorNumber(task.machine, door);
    super(task, file);
    this.door = door;
    this.#word = wordBytesAt(this.machine, this.door);
    const at = task.freeRange(ARGUMENT_ADDRESS, ARGUMENT_BYTES);
    this.#page = task.map({ at, length: ARGUMENT_BYTES });
  }

  /**
   * Opens a substream for a task.
   * @throws UsageError for options that cannot be; FaultlineError "open-failed" for a device with limits that nothing
   *   can meet, "no-memory" when RAM is full
   */
  static open(task: Task, options: PcmStreamOptions = {}): PcmStream {
    return new PcmStream(task, options);
  }

  /** User address of the page in which the verbs' structures lie. */
  get argument(): bigint {
    return this.#page.address;
  }

  override close(): readonly DriverCall[] {
    const calls = super.close();
    if (this.task.hasAddressSpace) this.#page.unmap();
    return calls;
  }

  /** A request of the stream's door, its argument a number or nothing. */
  request(name: PcmRequestName, argument: Address = 0): number {
    return this.#call(name, argument, (answer) => answer);
  }

  #call(name: PcmRequestName, argument: Address, settle: (answer: number) => number): number {
    const answer = this.ioctl(this.door, pcmRequest(name, this.#word), argument);
    if (answer !== pcmBlocked) return settle(answer);
    fellAsleep(this.task, { file: this, name, settle });
    return answer;
  }

  /** Puts bytes into the page, unless a call that the task sleeps in still needs what is there. */
  #put(offset: number, bytes: Uint8Array): void {
    this.life.check(); // of a closed one the page is gone, and perhaps another's
    requireAwake(this.task);
    this.#page.write(offset, bytes);
  }

  /** A request whose structure begins the page; what it stored is read once it succeeded. */
  #exchange<Value>(
    name: PcmRequestName,
    image: Uint8Array,
    read: (stored: Uint8Array) => Value,
  ): PcmAnswer<Value> {
    this.#put(0, image);
    const result = this.request(name, this.argument);
    const value = result === 0 ? read(this.#page.read(0, image.length)) : null;
    return { result, value };
  }

  #store(name: PcmRequestName, image: Uint8Array): number {
    return this.#exchange(name, image, () => null).result;
  }

  /** HW_REFINE: what is left of each parameter. */
  hwRefine(wanted: PcmHwRequest): PcmAnswer<PcmHwAnswer> {
    return this.#exchange("HW_REFINE", hwRequest(wanted, this.#word), hwAnswer);
  }

  /** HW_PARAMS: what was chosen. A refusal leaves the stream in OPEN. */
  hwParams(wanted: PcmHwRequest): PcmAnswer<PcmHwAnswer> {
    return this.#exchange("HW_PARAMS", hwRequest(wanted, this.#word), hwAnswer);
  }

  /** HW_PARAMS with single values; stereo S16_LE at 48 kHz, read and written interleaved, unless said. */
  configure(wanted: PcmConfiguration): number {
    checkOptions("configuration", wanted, configuration);
    const { format = pcmFormats.S16_LE, access = ACCESS_RW_INTERLEAVED } = wanted;
    const { channels = 2, rate = 48000, periodSize, bufferSize } = wanted;
    const number = typeof format === "string" ? pcmFormats[format] : format;
    return this.hwParams({ format: number, access, channels, rate, periodSize, bufferSize }).result;
  }

  hwFree(): number {
    return this.request("HW_FREE");
  }

  /** SW_PARAMS; what is not named keeps the value that the stream has. */
  swParams(wanted: SwParamsRequest = {}): PcmAnswer<PcmSwParams> {
    checkOptions("wanted", wanted, softwareParameters);
    const now = {
      tstampMode: this.field("tstamp_mode"),
      periodStep: this.field("period_step"),
      availMin: this.field("avail_min"),
      startThreshold: this.field("start_threshold"),
      stopThreshold: this.field("stop_threshold"),
      silenceThreshold: this.field("silence_threshold"),
      silenceSize: this.field("silence_size"),
    };
    const layout = swParamsLayout[this.#word];
    const named = (Object.entries(wanted) as [keyof SwParamsRequest, Address | undefined][])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, fieldValue(name, value!, layout.fields[name][1])]);
    const values = { ...now, ...(Object.fromEntries(named) as Partial<typeof now>) };
    return this.#exchange("SW_PARAMS", encode(layout, values), (stored) =>
      swParamsAnswer(this.#word, stored),
    );
  }

  prepare(): number {
    return this.request("PREPARE");
  }

  start(): number {
    return this.request("START");
  }

  drop(): number {
    return this.request("DROP");
  }

  /** DRAIN; sleeps on a blocking file until the last frame was played. */
  drain(): number {
    return this.request("DRAIN");
  }

  pause(): number {
    return this.request("PAUSE", 1);
  }

  /** The end of a pause. */
  release(): number {
    return this.request("PAUSE", 0);
  }

  /** RESUME after a suspend. */
  resume(): number {
    return this.request("RESUME");
  }

  /** The XRUN request: the program stops the stream as an under- or overrun does. */
  xrun(): number {
    return this.request("XRUN");
  }

  reset(): number {
    return this.request("RESET");
  }

  hwsync(): number {
    return this.request("HWSYNC");
  }

  /** DELAY: frames queued before, or waiting behind, the hardware; may be negative. */
  delay(): PcmAnswer<bigint> {
    return this.#exchange("DELAY", encode(wordLayout[this.#word], {}), (stored) =>
      frameCount(this.#word, stored),
    );
  }

  /** FORWARD: frames moved, or −errno. */
  forward(frames: Address): number {
    return this.#move("FORWARD", frames);
  }

  /** REWIND: frames moved, or −errno. */
  rewind(frames: Address): number {
    return this.#move("REWIND", frames);
  }

  #move(name: "FORWARD" | "REWIND", frames: Address): number {
    const image = encode(wordLayout[this.#word], {
      frames: fieldValue("frames", frames, this.#word),
    });
    const { result, value } = this.#exchange(name, image, (stored) =>
      Number(frameCount(this.#word, stored)),
    );
    return value ?? result;
  }

  status(): PcmAnswer<PcmStatus> {
    return this.#status("STATUS", 0);
  }

  /** STATUS_EXT with the program's audio_tstamp_data: which kind of audio timestamp it asks for. */
  statusExt(audioTstampData: number): PcmAnswer<PcmStatus> {
    return this.#status("STATUS_EXT", audioTstampData);
  }

  #status(name: "STATUS" | "STATUS_EXT", data: number): PcmAnswer<PcmStatus> {
    const given = { audioTstampData: fieldValue("audioTstampData", data, INT_BYTES) };
    return this.#exchange(name, encode(statusLayout[this.#word], given), (stored) =>
      statusAnswer(this.#word, stored),
    );
  }

  /** SYNC_PTR in the layout of the stream's door. */
  sync(wanted: PcmSyncRequest = {}): PcmAnswer<PcmSync> {
    checkOptions("wanted", wanted, syncRequest);
    const layout = this.#syncLayout();
    const flags =
      (wanted.hwsync === true ? coreConstants.SYNC_HWSYNC : 0) |
      (wanted.applPtr === undefined ? coreConstants.SYNC_APPL : 0) |
      (wanted.availMin === undefined ? coreConstants.SYNC_AVAIL_MIN : 0);
    const image = encode(layout, {
      flags: BigInt(flags),
      appl_ptr: fieldValue("applPtr", wanted.applPtr ?? 0, this.#word),
      avail_min: fieldValue("availMin", wanted.availMin ?? 0, this.#word),
    });
    return this.#exchange("SYNC_PTR", image, (stored) => syncAnswer(layout, stored));
  }

  #syncLayout(): SyncLayout {
    const native: AbiName = this.#word === 8 ? "native64" : "native32";
    const abi = { native, i386: "compat-time64", x32: "x32" }[this.door] as AbiName;
    const { bytes, fields } = syncPtrLayout(this.machine, abi);
    const places = fields.map(({ field, offset, width }) => [field, [offset, width]]);
    return { bytes, fields: { ...Object.fromEntries(places), flags: [0, 4] } };
  }

  /** WRITEI of frames at a user address: frames taken, or −errno. Address 0 writes silence. */
  writei(data: Address, frames: Address): number {
    return this.#transfer("WRITEI", data, frames);
  }

  /** READI of frames to a user address: frames brought, or −errno. */
  readi(data: Address, frames: Address): number {
    return this.#transfer("READI", data, frames);
  }

  /** WRITEN of each channel's frames at an address of its own; address 0, or none, is silence. */
  writen(channels: readonly Address[], frames: Address): number {
    return this.#transfer("WRITEN", this.#placeList(channels), frames);
  }

  /** READN of each channel's frames to an address of its own; address 0, or none, drops them. */
  readn(channels: readonly Address[], frames: Address): number {
    return this.#transfer("READN", this.#placeList(channels), frames);
  }

  #placeList(addresses: readonly Address[]): bigint {
    addressList("channels", addresses);
    whole(0, Math.floor(LIST_BYTES / this.#word))("channels.length", addresses.length);
    const list = new Uint8Array(LIST_BYTES);
    addresses.forEach((address, index) => {
      const frames = fieldValue(`channels[${index}]`, address, this.#word);
      list.set(encode(wordLayout[this.#word], { frames }), index * this.#word);
    });
    this.#put(LIST_OFFSET, list);
    return this.argument + BigInt(LIST_OFFSET);
  }

  #transfer(name: "WRITEI" | "READI" | "WRITEN" | "READN", data: Address, frames: Address): number {
    const layout = transferLayout[this.#word];
    const image = encode(layout, {
      data: fieldValue("data", data, this.#word),
      frames: fieldValue("frames", frames, this.#word),
    });
    this.#put(0, image);
    return this.#call(name, this.argument, (answer) =>
      answer < 0 ? answer : Number(decode(layout, this.#page.read(0, layout.bytes)).result),
    );
  }

  /** LINK: from now on the two, and what they are linked with, start, stop, drain and prepare together. */
  link(other: PcmFile): number {
    otherFile("other", other);
    if (other.machine !== this.machine) {
      throw new UsageError({
        argument: "other",
        problem: "belongs to another machine",
        valid: "an open PCM file of this machine",
      });
    }
    return this.request("LINK", other.descriptor);
  }

  unlink(): number {
    return this.request("UNLINK");
  }

  info(): PcmAnswer<PcmInfo> {
    return this.#exchange("INFO", encode(infoLayout, {}), infoAnswer);
  }

  channelInfo(channel: number): PcmAnswer<PcmChannelInfo> {
    const image = encode(channelInfoLayout[this.#word], {
      channel: fieldValue("channel", channel, INT_BYTES),
    });
    return this.#exchange("CHANNEL_INFO", image, (stored) => channelInfoAnswer(this.#word, stored));
  }

  /** TTSTAMP: 0 wall clock, 1 monotonic, 2 monotonic raw. */
  ttstamp(clock: number): number {
    return this.#store(
      "TTSTAMP",
      encode(intLayout, { value: fieldValue("clock", clock, INT_BYTES) }),
    );
  }

  /** PVERSION: the kernel's protocol version, 0xMMmmss. */
  pversion(): PcmAnswer<number> {
    return this.#exchange("PVERSION", encode(intLayout, {}), (stored) =>
      Number(decode(intLayout, stored).value),
    );
  }

  /** USER_PVERSION: the protocol version that the program speaks. */
  userPversion(version: number): number {
    return this.#store(
      "USER_PVERSION",
      encode(intLayout, { value: fieldValue("version", version, INT_BYTES) }),
    );
  }
}

/** @throws UsageError for what no unsigned number of the field's bytes is: nothing is cut silently */
function fieldValue(argument: string, value: Address, bytes: 4 | 8): bigint {
  const { lo, hi } = halves(value, argument);
  if (bytes === 4 && hi !== 0) {
    throw wrong(argument, value, "a whole number from 0 to 2^32 - 1, as the field has 32 bits");
  }
  return join(lo, hi);
}
