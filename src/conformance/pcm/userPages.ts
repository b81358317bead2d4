/** The user memory of a PCM case: the two request pages, the data area, and what is mapped from sound files. */

import type { Mapping } from "../../machine/mapping.ts";
import type { Task } from "../../machine/task.ts";
import {
  requestBase,
  requestBytes,
  userDataBase,
  userPageSize,
  type PageAccess,
  type PageLetter,
} from "./machine.ts";

/** Where mappings of sound files begin; each gets a place of its own. */
const filesBase = 0x20000000;

const protections = { w: "rw", r: "r", n: "none" } as const;

/** One request page: where its frame lies in linear memory, and the access it has now. */
interface RequestPage {
  linear: number;
  letter: PageLetter;
}

/** Puts bytes into the pages and takes them out as a debugger would, whatever the program may do. */
export class UserPages {
  readonly #task: Task;
  readonly #request: RequestPage[] = [];
  #data: Mapping | null = null;
  #next = filesBase;

  constructor(task: Task) {
    this.#task = task;
  }

  setRequestPages(image: Uint8Array, access: PageAccess): void {
    for (let page = 0; page * userPageSize < requestBytes; page++) {
      const letter = access[page] as PageLetter;
      const { linear } = this.#presentPage(page);
      const start = page * userPageSize;
      this.#task.machine.bytes.set(image.subarray(start, start + userPageSize), linear);
      this.#setAccess(page, letter);
    }
  }

  #presentPage(page: number): RequestPage {
    const known = this.#request[page];
    if (known !== undefined && known.letter !== "u") return known;
    const at = requestBase + page * userPageSize;
    this.#task.map({ at, length: userPageSize, populate: true });
    const fresh: RequestPage = { linear: this.#task.linearOf(at)!, letter: "w" };
    this.#request[page] = fresh;
    return fresh;
  }

  #setAccess(page: number, letter: PageLetter): void {
    const state = this.#request[page]!;
    if (state.letter === letter) return;
    const at = requestBase + page * userPageSize;
    if (letter === "u") this.#task.unmap(at, userPageSize);
    else this.#task.protect(at, userPageSize, protections[letter]);
    state.letter = letter;
  }

  readRequestPages(into: Uint8Array): void {
    for (const [page, { linear, letter }] of this.#request.entries()) {
      if (letter === "u") continue;
      into.set(
        this.#task.machine.bytes.subarray(linear, linear + userPageSize),
        page * userPageSize,
      );
    }
  }

  setUserData(bytes: Uint8Array): void {
    this.#data?.unmap();
    this.#data = null;
    if (bytes.length === 0) return;
    this.#data = this.#task.map({ at: userDataBase, length: bytes.length, populate: true });
    this.#data.write(0, bytes);
  }

  readUserData(offset: number, into: Uint8Array): boolean {
    if (this.#data === null || offset + into.length > this.#data.length) return false;
    into.set(this.#data.read(offset, into.length));
    return true;
  }

  /** A user address at which `length` bytes can be mapped. */
  freeAddress(length: number): number {
    const address = this.#next;
    this.#next += (Math.ceil(length / userPageSize) + 1) * userPageSize;
    return address;
  }

  /** A load by the program; false if it faults. */
  load(address: number, into: Uint8Array): boolean {
    const { machine, uaccess } = this.#task;
    const buffer = machine.allocKernel(into.length);
    const loaded = uaccess.copyFromUser(buffer, address, into.length) === 0;
    if (loaded) into.set(buffer.bytes);
    buffer.free();
    return loaded;
  }

  /** A store by the program; false if it faults. */
  store(address: number, bytes: Uint8Array): boolean {
    const { machine, uaccess } = this.#task;
    const buffer = machine.allocKernel(bytes.length);
    buffer.bytes.set(bytes);
    const stored = uaccess.copyToUser(address, buffer, bytes.length) === 0;
    buffer.free();
    return stored;
  }
}
