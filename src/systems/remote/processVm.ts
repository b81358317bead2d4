import { objectOf } from "../../base/checks.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";
import { follOf, type RemoteDirection } from "./memFile.ts";
import { registerOf } from "./register.ts";

/** A list of struct iovec: where it lies in the caller's memory, and how many elements it has. */
export interface IovecArgument {
  readonly list: Address;
  readonly count: Address;
}

export const iovecArgument = objectOf<IovecArgument>({ list: anyAddress, count: anyAddress });

/**
 * process_vm_readv and process_vm_writev (mm/process_vm_access.c, 6.18): bytes moved, or −errno.
 * @param target null: no process has that number, or it is a kernel thread's
 */
export function processVm(
  caller: Task,
  target: Task | null,
  direction: RemoteDirection,
  local: IovecArgument,
  remote: IovecArgument,
  flags: Address = 0n,
): number {
  const { machine, cpu } = caller;
  caller.runOn(cpu);
  return machine.exports.processVm(
    cpu,
    target === null ? 0 : target.handleOn(machine),
    follOf(caller, direction),
    ...argument(local.list),
    ...argument(local.count),
    ...argument(remote.list),
    ...argument(remote.count),
    ...argument(flags),
  );

  function argument(value: Address): [number, number] {
    const { lo, hi } = halves(registerOf(caller, value));
    return [lo, hi];
  }
}
