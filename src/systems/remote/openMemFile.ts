import { anyAddress, type Address } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";
import { counted, type RemoteAccess } from "./counts.ts";
import type { MemFile, RemoteDirection } from "./memFile.ts";
import { iovecArgument, type IovecArgument } from "./processVm.ts";
import { registerOf } from "./register.ts";

/** /proc/PID/mem as a program has it open; buffers and lists lie in its own memory. */
export class OpenMemFile {
  readonly #caller: Task;
  readonly #file: MemFile;

  constructor(caller: Task, file: MemFile) {
    this.#caller = caller;
    this.#file = file;
  }

  /** Where read and write go on. */
  get position(): bigint {
    return this.#file.position;
  }

  /** lseek: any position of 64 bits. */
  seek(position: Address): void {
    anyAddress("position", position);
    this.#file.position = BigInt(position);
  }

  /** At the position, which moves on: bytes, or −errno. */
  read(buffer: Address, length: Address): RemoteAccess {
    return this.#move("read", buffer, length);
  }

  write(buffer: Address, length: Address): RemoteAccess {
    return this.#move("write", buffer, length);
  }

  #move(direction: RemoteDirection, buffer: Address, length: Address): RemoteAccess {
    anyAddress("buffer", buffer);
    anyAddress("length", length);
    const caller = this.#caller;
    return counted(caller, () =>
      this.#file.move(direction, registerOf(caller, buffer), registerOf(caller, length)),
    );
  }

  /** At a position of the call's own: bytes, or −errno. */
  pread(buffer: Address, length: Address, position: Address): RemoteAccess {
    return this.#moveAt("read", buffer, length, position);
  }

  pwrite(buffer: Address, length: Address, position: Address): RemoteAccess {
    return this.#moveAt("write", buffer, length, position);
  }

  #moveAt(
    direction: RemoteDirection,
    buffer: Address,
    length: Address,
    position: Address,
  ): RemoteAccess {
    anyAddress("buffer", buffer);
    anyAddress("length", length);
    anyAddress("position", position);
    const caller = this.#caller;
    const at = registerOf(caller, buffer);
    const bytes = registerOf(caller, length);
    return counted(caller, () => this.#file.moveAt(direction, at, bytes, BigInt(position)));
  }

  /** A list of buffers, one after the other: bytes, or −errno. */
  preadv(local: IovecArgument, position: Address): RemoteAccess {
    return this.#moveList("read", local, position);
  }

  pwritev(local: IovecArgument, position: Address): RemoteAccess {
    return this.#moveList("write", local, position);
  }

  #moveList(direction: RemoteDirection, local: IovecArgument, position: Address): RemoteAccess {
    iovecArgument("local", local);
    anyAddress("position", position);
    return counted(this.#caller, () =>
      this.#file.moveList(
        direction,
        registerOf(this.#caller, local.list),
        Number(BigInt.asUintN(32, BigInt(local.count))),
        BigInt(position),
      ),
    );
  }

  /** @throws UsageError the second time */
  close(): void {
    this.#file.close();
  }
}
