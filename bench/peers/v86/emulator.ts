import { createRequire } from "node:module";
import { join } from "node:path";
import { V86 } from "v86";
import { projectRoot } from "../../root.ts";
import { assembleGuest } from "./guest.ts";
import type { Guest } from "./guest.ts";
import { BEGIN, END, GO, MAIL_RESULT, MAILBOX, MEMORY_BYTES, READY } from "./layout.ts";
import type { RoutineName } from "./routines.ts";

const VGA_BYTES = 1 << 20;
const SERIAL = 0;
/** A guest that says nothing for so long has crashed. */
const PATIENCE_MS = 60_000;

/** Finds files of v86's package. */
const require = createRequire(join(projectRoot(), "package.json"));

export function v86Version(): string {
  return (require("v86/package.json") as { readonly version: string }).version;
}

/** What a routine answered (eax), and the time from its first to its last instruction. */
export interface Answer {
  readonly ns: number;
  readonly result: number;
}

/** A byte that the guest sent, and when. */
interface Arrival {
  readonly byte: number;
  readonly at: bigint;
}

/** v86 with our guest in it, stopped between commands: it would keep a core busy. */
export class Emulator {
  readonly #v86: V86;
  readonly #guest: Guest;
  readonly #arrivals: Arrival[] = [];
  #arrived = () => {};

  private constructor(guest: Guest) {
    this.#guest = guest;
    this.#v86 = new V86({
      wasm_path: require.resolve("v86/build/v86.wasm"),
      memory_size: MEMORY_BYTES,
      vga_memory_size: VGA_BYTES,
      multiboot: { buffer: guest.image.slice().buffer },
      autostart: true,
      disable_keyboard: true,
      disable_mouse: true,
      disable_speaker: true,
    });
    this.#v86.add_listener("serial0-output-byte", (byte) => {
      this.#arrivals.push({ byte, at: process.hrtime.bigint() });
      this.#arrived();
    });
  }

  /** Boots: comes back after the guest's first access through its page tables. */
  static async boot(): Promise<Emulator> {
    const emulator = new Emulator(assembleGuest());
    await emulator.#expect(READY);
    await emulator.stop();
    return emulator;
  }

  run(): Promise<void> {
    return this.#v86.run();
  }

  stop(): Promise<void> {
    return this.#v86.stop();
  }

  close(): Promise<void> {
    return this.#v86.destroy();
  }

  /** Runs a routine of the guest's `n` times; the emulator must be running. */
  async call(name: RoutineName, n: number, argument: number): Promise<Answer> {
    this.write(MAILBOX, Uint32Array.of(this.#guest.routines.get(name)!, n, argument, 0));
    this.#v86.serial_send_bytes(SERIAL, Uint8Array.of(GO));
    const begin = await this.#expect(BEGIN);
    const end = await this.#expect(END);
    const [result] = new Int32Array(this.read(MAIL_RESULT, 4).buffer);
    return { ns: Number(end - begin), result: result! };
  }

  /** A copy of physical memory. */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#v86.read_memory(address, length));
  }

  /** Writes physical memory. */
  write(address: number, words: Uint8Array | Uint32Array): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.#v86.write_memory(bytes, address);
  }

  /** The next byte, which has to be `byte`. Returns when it came. */
  async #expect(byte: number): Promise<bigint> {
    while (this.#arrivals.length === 0) await this.#nextArrival();
    const arrival = this.#arrivals.shift()!;
    if (arrival.byte === byte) return arrival.at;
    throw new Error(`the guest in v86 sent byte ${arrival.byte}, not ${byte}`);
  }

  #nextArrival(): Promise<void> {
    return new Promise((resolve, reject) => {
      const silence = new Error(`the guest in v86 was silent for ${PATIENCE_MS} ms`);
      const timer = setTimeout(() => reject(silence), PATIENCE_MS);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
