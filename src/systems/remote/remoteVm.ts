import {
  byteArray,
  checkOptions,
  checkThat,
  listOf,
  nameOf,
  objectOf,
  optional,
  wholeNumber,
  wrong,
  type Shape,
} from "../../base/checks.ts";
import { FaultlineError, UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";
import { remotePathNames, type RemotePath } from "../../machine/remotePath.ts";
import { storeByProgram } from "../../machine/programAccess.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import { counted, requireLiving, type RemoteAccess } from "./counts.ts";
import { MemFile, type RemoteDirection } from "./memFile.ts";
import { registerOf } from "./register.ts";
import { openProcFile, readProcFile, type ProcFile } from "./procFiles.ts";
import { processVm, iovecArgument, type IovecArgument } from "./processVm.ts";
import { attachTo, peekWord, pokeWord } from "./ptrace.ts";
import { OpenMemFile } from "./openMemFile.ts";

/** With which rights the kernel's own access is made: FOLL_FORCE, FOLL_ANON, or neither. */
const rightsConstants = { plain: null, force: "FOLL_FORCE", anonymous: "FOLL_ANON" } as const;

export type RemoteRights = keyof typeof rightsConstants;

export const remoteRights = Object.keys(rightsConstants) as RemoteRights[];

export interface RemoteVmOptions {
  /**
   * Which way the machine's kernel goes from now on, for everybody, a RemoteVm made before among them
   * (`machine.remotePath`); default: it stays. Who compares two paths sets `machine.remotePath` before each call.
   */
  readonly path?: RemotePath;
}

/** struct iovec: a piece of a program's memory, as an element of a list names it. */
export interface Iovec {
  readonly address: Address;
  readonly length: Address;
}

/** The bytes of a read, as many as could be had. */
export interface RemoteRead extends RemoteAccess {
  readonly bytes: Uint8Array;
}

/** The word of a peek; 0 unless `result` is 0. */
export interface RemoteWord extends RemoteAccess {
  readonly word: bigint;
}

const remoteVmOptions: Shape<RemoteVmOptions> = { path: optional(nameOf(remotePathNames)) };
const iovecList = listOf(objectOf<Iovec>({ address: anyAddress, length: anyAddress }));

const WORD_BITS = 64;
const MOST_NARROW = 2 ** 32 - 1;
/** One more than any list may have. */
const MOST_IOVECS = 1025;
const MOST_BYTES = 64 << 20;

/**
 * Another process's memory, as a task reaches it: as the kernel itself does for it, through /proc/PID/mem, ptrace's
 * words, process_vm_readv and writev, cmdline and environ. What goes wrong for the caller is a result, and everything
 * else it changes is as the kernel changes it: pages come, stacks grow. Buffers and lists lie in the caller's memory.
 */
export class RemoteVm {
  readonly caller: Task;
  readonly target: Task;
  /**
   * @param caller who asks; it gets its CPU for each call
   * @param target whose memory it is; it may be the caller itself
   * @throws UsageError for tasks of different machines, and on 32-bit architectures
   */
  constructor(caller: Task, target: Task, options: RemoteVmOptions = {}) {
    madeTask("caller", caller);
    madeTask("target", target);
    checkOptions("options", options, remoteVmOptions);
    target.handleOn(caller.machine);
    requireWideWords(caller);
    this.caller = caller;
    this.target = target;
    if (options.path !== undefined) caller.machine.remotePath = options.path;
  }

  /**
   * access_process_vm: the kernel reads for itself, into a buffer of its own.
   * @throws UsageError for more than 64 MiB; FaultlineError "no-memory" when RAM has no room for the buffer
   */
  read(at: Address, length: number, rights: RemoteRights = "plain"): RemoteRead {
    wholeNumber("length", length, 0, MOST_BYTES);
    let bytes = new Uint8Array(0);
    const access = this.#throughKernel("read", at, length, rights, (buffer, moved) => {
      bytes = buffer.slice(0, moved);
    });
    return { ...access, bytes };
  }

  /** access_process_vm: the kernel writes from a buffer of its own. @throws as {@link read} */
  write(at: Address, bytes: Uint8Array, rights: RemoteRights = "plain"): RemoteAccess {
    byteArray("bytes", bytes);
    wholeNumber("bytes.length", bytes.length, 0, MOST_BYTES);
    return this.#throughKernel("write", at, bytes.length, rights, () => undefined, bytes);
  }

  /** Which way the kernel goes. */
  get path(): RemotePath {
    return this.caller.machine.remotePath;
  }

  #throughKernel(
    direction: RemoteDirection,
    at: Address,
    length: number,
    rights: RemoteRights,
    use: (buffer: Uint8Array, moved: number) => void,
    content?: Uint8Array,
  ): RemoteAccess {
    requireLiving(this.caller);
    const { machine } = this.caller;
    const { lo, hi } = halves(at, "at");
    const foll = this.#foll(direction, rights);
    const { cpu, on } = this.#ready();
    const buffer = machine.allocKernel(Math.max(length, 1));
    try {
      if (content !== undefined) buffer.bytes.set(content);
      return counted(this.caller, () => {
        const result = machine.exports.accessProcessVm(
          cpu,
          on,
          lo,
          hi,
          buffer.linear,
          length,
          foll,
        );
        use(buffer.bytes, result);
        return result;
      });
    } finally {
      buffer.free();
    }
  }

  #foll(direction: RemoteDirection, rights: RemoteRights): number {
    const { machine } = this.caller;
    const right = rightsConstants[oneOf("rights", rights, remoteRights)];
    const written = direction === "write" ? machine.constant("FOLL_WRITE") : 0;
    return written | (right === null ? 0 : machine.constant(right));
  }

  /** The CPU that runs the caller now, and the target's record. */
  #ready(): { cpu: number; on: number } {
    const { caller, target } = this;
    caller.runOn(caller.cpu);
    return { cpu: caller.cpu, on: target.handleOn(caller.machine) };
  }

  /**
   * Opens /proc/PID/mem: the file, or −EACCES where the caller may not look inside, −ESRCH for a process that has ended
   * and is still there ({@link Task.die}), −ENOMEM.
   * @throws UsageError for a target that is gone altogether ({@link Task.exit}), of which no path leads to a file
   */
  memFile(): OpenMemFile | number {
    requireLiving(this.caller);
    const file = MemFile.open(this.caller, this.target);
    return typeof file === "number" ? file : new OpenMemFile(this.caller, file);
  }

  /** PTRACE_ATTACH and PTRACE_PEEKDATA: a word of the caller's, 8 bytes or 4, from any address; −EPERM, −EIO. */
  peek(at: Address): RemoteWord {
    anyAddress("at", at);
    const { result, counts } = counted(this.caller, () =>
      this.#attached(() => peekWord(this.caller, this.target, registerOf(this.caller, at))),
    );
    return typeof result === "bigint"
      ? { result: 0, word: result, counts }
      : { result, word: 0n, counts };
  }

  /**
   * PTRACE_ATTACH and PTRACE_POKEDATA of a word of the caller's, of which a 32-bit one passes the low half: 0, −EPERM, or
   * −EIO, after which a part of the word may be stored.
   */
  poke(at: Address, word: bigint): RemoteAccess {
    anyAddress("at", at);
    unsignedWord("word", word);
    return counted(this.caller, () =>
      this.#attached(() => pokeWord(this.caller, this.target, registerOf(this.caller, at), word)),
    );
  }

  #attached<Result>(access: () => Result): Result | number {
    const refused = attachTo(this.caller, this.target);
    return refused === 0 ? access() : refused;
  }

  /**
   * Puts a list of struct iovec into the caller's memory, as its program would: of a 32-bit one two words of 4 bytes each.
   * @throws UsageError for more than 1025 elements, and for what its words cannot hold; FaultlineError "not-present" where it cannot store
   */
  placeIovecs(at: Address, iovecs: readonly Iovec[]): IovecArgument {
    anyAddress("at", at);
    iovecList("iovecs", iovecs);
    wholeNumber("iovecs.length", iovecs.length, 0, MOST_IOVECS);
    requireLiving(this.caller);
    const bytes = iovecBytes(iovecs, this.caller);
    const signal = storeByProgram(this.caller, BigInt(at), bytes);
    if (signal === null) return { list: BigInt(at), count: BigInt(iovecs.length) };
    throw new FaultlineError("not-present", `the caller cannot store its list: ${signal}`);
  }

  /** process_vm_readv, with lists that lie in the caller's memory: bytes moved, or −errno. */
  processVmReadv(local: IovecArgument, remote: IovecArgument, flags: Address = 0): RemoteAccess {
    return this.#processVm("read", local, remote, flags);
  }

  /** process_vm_writev. */
  processVmWritev(local: IovecArgument, remote: IovecArgument, flags: Address = 0): RemoteAccess {
    return this.#processVm("write", local, remote, flags);
  }

  #processVm(
    direction: RemoteDirection,
    local: IovecArgument,
    remote: IovecArgument,
    flags: Address,
  ): RemoteAccess {
    iovecArgument("local", local);
    iovecArgument("remote", remote);
    anyAddress("flags", flags);
    return counted(this.caller, () =>
      processVm(this.caller, this.target, direction, local, remote, flags),
    );
  }

  /** pread of /proc/PID/cmdline into the caller's buffer: bytes, or −errno. */
  cmdline(buffer: Address, length: Address, offset: Address = 0): RemoteAccess {
    return this.#readProc("cmdline", buffer, length, offset);
  }

  /** pread of /proc/PID/environ into the caller's buffer: bytes, or −errno, that of the open among them. */
  environ(buffer: Address, length: Address, offset: Address = 0): RemoteAccess {
    return this.#readProc("environ", buffer, length, offset);
  }

  #readProc(file: ProcFile, buffer: Address, length: Address, offset: Address): RemoteAccess {
    anyAddress("buffer", buffer);
    anyAddress("length", length);
    anyAddress("offset", offset);
    const { caller, target } = this;
    return counted(caller, () => {
      const refused = openProcFile(caller, target, file);
      if (refused !== 0) return refused;
      const [at, bytes] = [registerOf(caller, buffer), registerOf(caller, length)];
      return readProcFile(caller, target, file, at, bytes, BigInt(offset));
    });
  }
}

/** struct iovec, or struct compat_iovec: address and length, a word each. */
function iovecBytes(iovecs: readonly Iovec[], { wordBytes }: Task): Uint8Array {
  const bytes = new Uint8Array(iovecs.length * 2 * wordBytes);
  const view = new DataView(bytes.buffer);
  iovecs.forEach(({ address, length }, index) => {
    const words = { address, length };
    Object.entries(words).forEach(([name, value], place) => {
      const at = (2 * index + place) * wordBytes;
      if (wordBytes === 8) view.setBigUint64(at, BigInt(value), true);
      else view.setUint32(at, narrowWord(`iovecs[${index}].${name}`, value), true);
    });
  });
  return bytes;
}

function narrowWord(argument: string, value: Address): number {
  if (value <= MOST_NARROW) return Number(value);
  throw wrong(argument, value, `up to ${MOST_NARROW}, as the caller's words have 32 bits`);
}

const unsignedWord = checkThat(
  "a bigint of up to 64 bits",
  (value) => typeof value === "bigint" && value === BigInt.asUintN(WORD_BITS, value),
);

function requireWideWords({ machine }: Task): void {
  if (machine.wordBytes * 8 === WORD_BITS) return;
  throw new UsageError({
    argument: "caller",
    problem: `is a task on ${machine.arch}`,
    valid: "a task of a 64-bit kernel",
  });
}
