// A small assembler for 32-bit x86: what the guest needs, one form of each instruction. Immediates and
// displacements always have 32 bits, jumps too, so that every instruction's length is known at once.
//
//   [lock / rep]  opcode  [ModRM]  [displacement 32]  [immediate]
//
//   ModRM: mod (2 bits) | register, or the rest of the opcode (3) | rm (3)
//          mod 0, rm 5 = an address alone;  mod 2 = register + displacement;  mod 3 = a register

/** The registers by their numbers in ModRM. ESP is missing as a base: there it means something else. */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;

/** A word in memory: at an address, or at a register and a displacement from it. */
export interface Place {
  readonly base?: number;
  readonly displacement: number;
}

export function at(displacement: number): Place {
  return { displacement };
}

export function from(base: number, displacement: number): Place {
  if (base === ESP) throw new RangeError("base: esp needs a form that this assembler has not");
  return { base, displacement };
}

/** Arithmetic between registers, constants and words: its number is part of the opcode. */
export const OPERATIONS = { add: 0, or: 1, and: 4, sub: 5, xor: 6, cmp: 7 } as const;
export type Operation = keyof typeof OPERATIONS;

/** Conditions of jumps, unsigned where it matters. */
export const CONDITIONS = { below: 2, aboveOrEqual: 3, equal: 4, notEqual: 5, above: 7 } as const;
export type Condition = keyof typeof CONDITIONS;

const LOCK = 0xf0;
const REP = 0xf3;
const TWO_BYTES = 0x0f;

/** Where a jump's distance has to be filled in, and the label it leads to. */
interface Jump {
  readonly at: number;
  readonly label: string;
}

/** Instructions in the order of the calls, from the address `origin` on. */
export class Assembler {
  readonly #origin: number;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: Jump[] = [];

  constructor(origin: number) {
    this.#origin = origin;
  }

  /** The address of the next instruction. */
  get here(): number {
    return this.#origin + this.#bytes.length;
  }

  /** Gives the next instruction a name. */
  label(name: string): void {
    if (this.#labels.has(name)) throw new Error(`label ${name}: there twice`);
    this.#labels.set(name, this.here);
  }

  /** The address behind a label that was passed. */
  address(label: string): number {
    const address = this.#labels.get(label);
    if (address === undefined) throw new Error(`label ${label}: not there`);
    return address;
  }

  /** Fills up with zeros to a multiple of `bytes`. */
  align(bytes: number): void {
    this.skipTo(Math.ceil(this.here / bytes) * bytes);
  }

  /** Fills up with zeros to an address. Throws a RangeError when the code is longer. */
  skipTo(address: number): void {
    if (this.here > address) throw new RangeError(`address ${address}: the code is past it`);
    while (this.here < address) this.#bytes.push(0);
  }

  /** Words of data. */
  words(values: Iterable<number>): void {
    for (const value of values) this.#word(value);
  }

  setRegister(register: number, value: number): void {
    this.#bytes.push(0xb8 + register);
    this.#word(value);
  }

  move(to: number, from: number): void {
    this.#bytes.push(0x89, 0xc0 | (from << 3) | to);
  }

  load(register: number, place: Place): void {
    this.#withPlace([0x8b], register, place);
  }

  store(place: Place, register: number): void {
    this.#withPlace([0x89], register, place);
  }

  storeValue(place: Place, value: number): void {
    this.#withPlace([0xc7], 0, place);
    this.#word(value);
  }

  /** lea: the place's address, nothing is read. */
  addressOf(register: number, place: Place): void {
    this.#withPlace([0x8d], register, place);
  }

  /** `left` = `left` operation `right`, between registers. */
  operate(operation: Operation, left: number, right: number): void {
    this.#bytes.push((OPERATIONS[operation] << 3) | 0x01, 0xc0 | (right << 3) | left);
  }

  operateValue(operation: Operation, register: number, value: number): void {
    this.#bytes.push(0x81, 0xc0 | (OPERATIONS[operation] << 3) | register);
    this.#word(value);
  }

  /** `register` = `register` operation the word there. */
  operatePlace(operation: Operation, register: number, place: Place): void {
    this.#withPlace([(OPERATIONS[operation] << 3) | 0x03], register, place);
  }

  /** The word there = itself operation `value`, in one step that no other CPU can come between. */
  lockedOperate(operation: Operation, place: Place, value: number): void {
    this.#bytes.push(LOCK);
    this.#withPlace([0x81], OPERATIONS[operation], place);
    this.#word(value);
  }

  shiftLeft(register: number, bits: number): void {
    this.#bytes.push(0xc1, 0xe0 | register, bits);
  }

  shiftRight(register: number, bits: number): void {
    this.#bytes.push(0xc1, 0xe8 | register, bits);
  }

  increment(register: number): void {
    this.#bytes.push(0x40 + register);
  }

  decrement(register: number): void {
    this.#bytes.push(0x48 + register);
  }

  /** rep movsd: ecx words from esi to edi. */
  copyWords(): void {
    this.#bytes.push(REP, 0xa5);
  }

  /** cld: string instructions go upwards. */
  upwards(): void {
    this.#bytes.push(0xfc);
  }

  jump(label: string): void {
    this.#bytes.push(0xe9);
    this.#distance(label);
  }

  jumpIf(condition: Condition, label: string): void {
    this.#bytes.push(TWO_BYTES, 0x80 | CONDITIONS[condition]);
    this.#distance(label);
  }

  call(label: string): void {
    this.#bytes.push(0xe8);
    this.#distance(label);
  }

  callAt(place: Place): void {
    this.#withPlace([0xff], 2, place);
  }

  return(): void {
    this.#bytes.push(0xc3);
  }

  /** in al, dx */
  portIn(): void {
    this.#bytes.push(0xec);
  }

  /** out dx, al */
  portOut(): void {
    this.#bytes.push(0xee);
  }

  /** Bits of al: "equal" when none of `mask` is set. */
  testByte(mask: number): void {
    this.#bytes.push(0xa8, mask);
  }

  readControl(register: number, control: number): void {
    this.#bytes.push(TWO_BYTES, 0x20, 0xc0 | (control << 3) | register);
  }

  writeControl(control: number, register: number): void {
    this.#bytes.push(TWO_BYTES, 0x22, 0xc0 | (control << 3) | register);
  }

  /** invlpg: forgets the translation of the page there. */
  dropPage(place: Place): void {
    this.#withPlace([TWO_BYTES, 0x01], 7, place);
  }

  /** The bytes, with all jumps filled in. Throws an Error that names a label which is not there. */
  finish(): Uint8Array {
    const bytes = Uint8Array.from(this.#bytes);
    const view = new DataView(bytes.buffer);
    for (const { at, label } of this.#jumps) {
      // counted from the next instruction, which begins after the distance
      view.setInt32(at, this.address(label) - (this.#origin + at + 4), true);
    }
    return bytes;
  }

  #word(value: number): void {
    this.#bytes.push(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff);
  }

  #distance(label: string): void {
    this.#jumps.push({ at: this.#bytes.length, label });
    this.#word(0);
  }

  #withPlace(opcode: readonly number[], register: number, { base, displacement }: Place): void {
    const modRm = base === undefined ? 0x05 : 0x80 | base;
    this.#bytes.push(...opcode, modRm | (register << 3));
    this.#word(displacement);
  }
}
