import { halves, join } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";

/** ptrace's words of 8 bytes (kernel/ptrace.c, 6.18); attaching and stopping the target is taken as done. */

/** PTRACE_ATTACH: 0, or −EPERM. */
export function attachTo(tracer: Task, target: Task): number {
  const { machine, cpu } = tracer;
  tracer.runOn(cpu);
  return machine.exports.mayAttach(cpu, target.handleOn(machine));
}

/** PTRACE_PEEKDATA: the word, or −EIO. */
export function peekWord(tracer: Task, target: Task, address: bigint): bigint | number {
  const { machine, cpu } = tracer;
  tracer.runOn(cpu);
  const { lo, hi } = halves(address);
  const result = machine.exports.peekWord(cpu, target.handleOn(machine), lo, hi);
  if (result !== 0) return result;
  return join(machine.exports.readValueLow(cpu), machine.exports.readValueHigh(cpu));
}

/** PTRACE_POKEDATA: 0, or −EIO, after which a part of the word may be stored. */
export function pokeWord(tracer: Task, target: Task, address: bigint, word: bigint): number {
  const { machine, cpu } = tracer;
  tracer.runOn(cpu);
  const { lo, hi } = halves(address);
  const value = halves(word, "word");
  const on = target.handleOn(machine);
  return machine.exports.pokeWord(cpu, on, lo, hi, value.lo, value.hi);
}
