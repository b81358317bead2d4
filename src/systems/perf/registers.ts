import { checkThat, wrong } from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { CoreRecord } from "./coreRecord.ts";

/** Words of struct pt_regs by their names; what the entry code keeps of ax is origAx. */
const frameWords = {
  ax: "PT_AX",
  bx: "PT_BX",
  cx: "PT_CX",
  dx: "PT_DX",
  si: "PT_SI",
  di: "PT_DI",
  bp: "PT_BP",
  sp: "PT_SP",
  ip: "PT_IP",
  flags: "PT_FLAGS",
  cs: "PT_CS",
  ss: "PT_SS",
  r8: "PT_R8",
  r9: "PT_R9",
  r10: "PT_R10",
  r11: "PT_R11",
  r12: "PT_R12",
  r13: "PT_R13",
  r14: "PT_R14",
  r15: "PT_R15",
  origAx: "PT_ORIG_AX",
} as const satisfies Record<string, ConstantName>;

export type FrameWord = keyof typeof frameWords;
export type GeneralRegister = Exclude<FrameWord, "ip" | "cs" | "ss" | "origAx">;

/** Every word of the structure. */
export const frameWordNames = Object.keys(frameWords) as readonly FrameWord[];

/** The order in which an entry of the 64-bit kernel pushes them: the structure from its end. */
export const pushOrder = [
  "ss",
  "sp",
  "flags",
  "cs",
  "ip",
  "origAx",
  "di",
  "si",
  "dx",
  "cx",
  "ax",
  "r8",
  "r9",
  "r10",
  "r11",
  "bx",
  "bp",
  "r12",
  "r13",
  "r14",
  "r15",
] as const satisfies readonly FrameWord[];

export const generalRegisters = frameWordNames.filter(
  (name): name is GeneralRegister => !["ip", "cs", "ss", "origAx"].includes(name),
);

/** A struct pt_regs in the core. */
export class RegisterFrame {
  readonly #place: CoreRecord;
  readonly #check: () => void;

  /** @param check throws once whatever the frame is part of is gone */
  constructor(machine: CoreMemory, address: number, check: () => void = () => undefined) {
    this.#place = new CoreRecord(machine, address);
    this.#check = check;
  }

  /** Made here: an object that inherits from a frame, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is RegisterFrame {
    return typeof value === "object" && value !== null && #place in value;
  }

  /** Its words in the core. @throws UsageError once whatever the frame is part of is gone */
  get record(): CoreRecord {
    this.#check();
    return this.#place;
  }

  /** What the segments of a 64-bit program hold. */
  get userSegments(): { readonly cs: bigint; readonly ss: bigint } {
    const { machine } = this.record;
    return { cs: BigInt(machine.constant("USER_CS")), ss: BigInt(machine.constant("USER_SS")) };
  }

  /** Linear address. */
  get address(): number {
    return this.record.address;
  }

  /** @throws UsageError for a name that no word has */
  get(name: FrameWord): bigint {
    return this.record.get64(frameWords[oneOf("name", name, frameWordNames)]);
  }

  /** Takes the lower 64 bits of a bigint over. @throws UsageError for anything else */
  set(name: FrameWord, value: bigint): void {
    const word = frameWords[oneOf("name", name, frameWordNames)];
    if (typeof value !== "bigint") throw wrong(name, value, "a bigint");
    this.record.set64(word, BigInt.asUintN(64, value));
  }

  /** All words of another frame. */
  copyFrom(other: RegisterFrame): void {
    madeFrame("other", other);
    for (const name of frameWordNames) this.set(name, other.get(name));
  }

  /** Words by their names; the others stay. */
  setAll(values: Readonly<Partial<Record<FrameWord, bigint>>>): void {
    if (typeof values !== "object" || values === null) throw wrong("values", values, "an object");
    for (const [name, value] of Object.entries(values)) this.set(name as FrameWord, value);
  }
}

export const madeFrame = checkThat("a frame of a task's or a bed's", (value) =>
  RegisterFrame.isOne(value),
);
