import { halves } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";
import { pathConstant, type RemotePath } from "./paths.ts";

/** /proc/PID/cmdline and environ (fs/proc/base.c, 6.18), opened anew for each read. */
export type ProcFile = "cmdline" | "environ";

/** Opening one: 0, or for environ −EACCES and, of a process that has ended, −ESRCH. */
export function openProcFile(caller: Task, target: Task, file: ProcFile): number {
  const { machine, cpu } = caller;
  caller.runOn(cpu);
  if (file === "cmdline") return 0;
  return machine.exports.mayReadEnviron(cpu, target.handleOn(machine));
}

/** pread into the caller's buffer: bytes, or −errno. */
export function readProcFile(
  caller: Task,
  target: Task,
  file: ProcFile,
  buffer: bigint,
  length: bigint,
  offset: bigint,
  path: RemotePath,
): number {
  const { machine, cpu } = caller;
  const { exports } = machine;
  caller.runOn(cpu);
  const at = halves(buffer, "buffer");
  const bytes = halves(length, "length");
  const from = halves(offset, "offset");
  const read = file === "cmdline" ? exports.readCmdline : exports.readEnviron;
  const number = machine.constant(pathConstant(path));
  const on = target.handleOn(machine);
  return read(cpu, on, at.lo, at.hi, from.lo, from.hi, bytes.lo, bytes.hi, number);
}
