/** struct perf_event_attr as a program lays it out, and as the kernel takes it over (kernel/events/core.c, 6.18). */

import { errnos } from "../../base/errno.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Task } from "../../machine/task.ts";

const { E2BIG, EFAULT } = errnos;

/** Fields by their names in the kernel's header: where, and how many bytes. */
const attributeFields = {
  type: ["ATTR_TYPE", 4],
  size: ["ATTR_SIZE", 4],
  config: ["ATTR_CONFIG", 8],
  sample_period: ["ATTR_SAMPLE_PERIOD", 8],
  sample_type: ["ATTR_SAMPLE_TYPE", 8],
  read_format: ["ATTR_READ_FORMAT", 8],
  flags: ["ATTR_FLAGS", 8],
  wakeup: ["ATTR_WAKEUP", 4],
  bp_type: ["ATTR_BP_TYPE", 4],
  config1: ["ATTR_CONFIG1", 8],
  config2: ["ATTR_CONFIG2", 8],
  branch_sample_type: ["ATTR_BRANCH_SAMPLE_TYPE", 8],
  sample_regs_user: ["ATTR_SAMPLE_REGS_USER", 8],
  sample_stack_user: ["ATTR_SAMPLE_STACK_USER", 4],
  clockid: ["ATTR_CLOCKID", 4],
  sample_regs_intr: ["ATTR_SAMPLE_REGS_INTR", 8],
  aux_watermark: ["ATTR_AUX_WATERMARK", 4],
  sample_max_stack: ["ATTR_SAMPLE_MAX_STACK", 2],
  reserved2: ["ATTR_RESERVED2", 2],
  aux_sample_size: ["ATTR_AUX_SAMPLE_SIZE", 4],
  aux_action: ["ATTR_AUX_ACTION", 4],
  sig_data: ["ATTR_SIG_DATA", 8],
  config3: ["ATTR_CONFIG3", 8],
} as const satisfies Record<string, readonly [ConstantName, 2 | 4 | 8]>;

export type AttributeField = keyof typeof attributeFields;
export const attributeFieldNames = Object.keys(attributeFields) as AttributeField[];

/** Bytes of the first version of the structure, and the most that the kernel looks at. */
const FIRST_SIZE = 64;
const LARGEST_SIZE = 4096;

/** A view on the structure that reads and writes fields by name. */
export class Attributes {
  readonly #machine: CoreMemory;
  readonly bytes: Uint8Array;

  constructor(machine: CoreMemory, bytes: Uint8Array) {
    this.#machine = machine;
    this.bytes = bytes;
  }

  get(field: AttributeField): bigint {
    const [at, bytes] = this.#place(field);
    let value = 0n;
    for (let index = bytes - 1; index >= 0; index--) {
      value = (value << 8n) | BigInt(this.bytes[at + index]!);
    }
    return value;
  }

  set(field: AttributeField, value: bigint): void {
    const [at, bytes] = this.#place(field);
    for (let index = 0; index < bytes; index++) {
      this.bytes[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
    }
  }

  #place(field: AttributeField): [at: number, bytes: number] {
    const [constant, bytes] = attributeFields[field];
    return [this.#machine.constant(constant), bytes];
  }
}

/**
 * perf_copy_attr: takes over as much of the structure as the program says it has. What the program has beyond the
 * kernel's own must be zero; if it is not, or the size cannot be, the kernel's size is stored there. −errno if refused.
 */
export function copyAttributes(task: Task, address: bigint): Attributes | number {
  const { machine } = task;
  const sizeAt = address + BigInt(machine.constant("ATTR_SIZE"));
  const size = task.uaccess.getUser(BigInt.asUintN(64, sizeAt), 4);
  if (size.error !== 0) return -EFAULT;
  const bytes = Number(size.value) || FIRST_SIZE;
  if (bytes < FIRST_SIZE || bytes > LARGEST_SIZE) return tellSize(task, sizeAt);
  const known = machine.constant("ATTR_BYTES");
  const buffer = machine.allocKernel(known);
  const error = task.uaccess.copyStructFromUser(buffer, known, address, bytes);
  const attributes = new Attributes(machine, buffer.bytes.slice());
  buffer.free();
  if (error === -E2BIG) return tellSize(task, sizeAt);
  if (error !== 0) return error;
  attributes.set("size", BigInt(bytes));
  return attributes;
}

/** The program learns how much the kernel knows; nobody looks at whether it could be stored. */
function tellSize(task: Task, sizeAt: bigint): number {
  task.uaccess.putUser(BigInt.asUintN(64, sizeAt), 4, task.machine.constant("ATTR_BYTES"));
  return -E2BIG;
}
