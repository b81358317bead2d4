import { Machine, type MachineOptions, type Task } from "../../src/index.ts";

/** One machine a shape, emptied for each case: a new one costs milliseconds. */
const machines = new Map<string, Machine>();

/** An empty machine. The one handed out before for the same build and sizes is no longer good. */
export async function machineOf(options: MachineOptions = {}): Promise<Machine> {
  const { arch = "x86-64", kernel = "7.1", ...shape } = options;
  const key = JSON.stringify(shape);
  const machine = machines.get(key)?.reset({ arch, kernel }) ?? (await Machine.create(options));
  machines.set(key, machine);
  return machine;
}

export const PAGE = 4096;
export const EFAULT = 14;

/** The kinds of the findings so far, in order. */
export function kindsOf(machine: Machine): string[] {
  return machine.findings().map((finding) => finding.kind);
}

/** One more than the last address a pointer of the machine's kernel can hold. */
export function topOf(machine: Machine): bigint {
  return 1n << BigInt(8 * machine.wordBytes);
}

/** Two pages at `at`, the first with `bytes` at its end, the second missing: accesses run off at the border. */
export function pageBeforeHole(task: Task, at: number, bytes: Uint8Array): { border: number } {
  const border = at + PAGE;
  const page = task.map({ at, length: PAGE });
  page.write(PAGE - bytes.length, bytes);
  task.unmap(border, PAGE);
  return { border };
}

/** 1, 2, 3 … as bytes: every one of the first 255 differs from its neighbours and from 0. */
export function ramp(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index % 255) + 1);
}
