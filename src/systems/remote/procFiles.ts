import type { ConstantName } from "../../core/exports.ts";
import { halfPair } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";

/** /proc/PID/cmdline and environ (fs/proc/base.c, 6.18), opened anew for each read. */
export type ProcFile = "cmdline" | "environ";

const numbers: Readonly<Record<ProcFile, ConstantName>> = {
  cmdline: "PROC_CMDLINE",
  environ: "PROC_ENVIRON",
};

/** Opening one: 0, or for environ −EACCES and, of a process that has ended, −ESRCH. */
export function openProcFile(caller: Task, target: Task, file: ProcFile): number {
  const { machine, cpu } = caller;
  caller.runOn(cpu);
  return machine.exports.openProcFile(
    cpu,
    target.handleOn(machine),
    machine.constant(numbers[file]),
  );
}

/** pread into the caller's buffer: bytes, or −errno. */
export function readProcFile(
  caller: Task,
  target: Task,
  file: ProcFile,
  buffer: bigint,
  length: bigint,
  offset: bigint,
): number {
  const { machine, cpu } = caller;
  caller.runOn(cpu);
  return machine.exports.readProcFile(
    cpu,
    target.handleOn(machine),
    machine.constant(numbers[file]),
    ...halfPair(buffer, "buffer"),
    ...halfPair(length, "length"),
    ...halfPair(offset, "offset"),
  );
}
