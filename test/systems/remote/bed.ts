import type {
  KernelBuffer,
  Machine,
  RemoteCounts,
  RemoteRights,
  Task,
} from "../../../src/index.ts";
import type { ConstantName } from "../../../src/core/exports.ts";
import { counted } from "../../../src/systems/remote/counts.ts";
import { PAGE } from "../../machine/pool.ts";

/** A task that reads another one's memory through the kernel, into a buffer that shows what else was written to it. */

const MOST = 16 * PAGE;
/** What the buffer holds where nothing was read. */
const UNTOUCHED = 0xee;

const rightsBits: Readonly<Record<RemoteRights, ConstantName | null>> = {
  plain: null,
  force: "FOLL_FORCE",
  anonymous: "FOLL_ANON",
};

export interface CountedBytes {
  readonly bytes: Uint8Array;
  readonly counts: RemoteCounts;
}

export class RemoteBed {
  readonly machine: Machine;
  readonly caller: Task;
  readonly target: Task;
  readonly #buffer: KernelBuffer;
  /** Bytes of the buffer that were written to behind what was read, in all reads. */
  spilled = 0;

  constructor(machine: Machine) {
    this.machine = machine;
    this.caller = machine.createTask({ cpu: 0 });
    this.target = machine.createTask({ cpu: machine.shape.cpus - 1 });
    this.#buffer = machine.allocKernel(MOST);
  }

  read(at: number, length: number, rights: RemoteRights = "plain"): CountedBytes {
    const { bytes } = this.#buffer;
    bytes.fill(UNTOUCHED);
    const { result: moved, counts } = this.#access(at, length, rights, 0);
    this.spilled += bytes
      .subarray(moved)
      .reduce((sum, byte) => sum + Number(byte !== UNTOUCHED), 0);
    return { bytes: bytes.slice(0, moved), counts };
  }

  write(
    at: number,
    bytes: Uint8Array,
    rights: RemoteRights = "plain",
  ): { readonly result: number; readonly counts: RemoteCounts } {
    this.#buffer.bytes.set(bytes);
    return this.#access(at, bytes.length, rights, this.machine.constant("FOLL_WRITE"));
  }

  /** Ends both tasks and frees the buffer. */
  end(): void {
    this.#buffer.free();
    this.caller.exit();
    this.target.exit();
  }

  #access(at: number, length: number, rights: RemoteRights, direction: number) {
    const { machine, caller, target } = this;
    const right = rightsBits[rights];
    const foll = direction | (right === null ? 0 : machine.constant(right));
    caller.runOn(caller.cpu);
    return counted(caller, () =>
      machine.exports.accessProcessVm(
        caller.cpu,
        target.handle,
        at,
        0,
        this.#buffer.linear,
        length,
        foll,
      ),
    );
  }
}
