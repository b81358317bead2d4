import { archNames, type BuildName, type KernelBuffer, type Task } from "../../src/index.ts";
import { PAGE, machineOf, pageBeforeHole } from "../machine/pool.ts";

/** User memory that ends at a page border. */

export const USER = 0x20000;
/** What a kernel buffer is full of. */
export const FILL = 0xa5;
/** Every architecture on every build. */
export const THOROUGH = archNames.flatMap((arch) =>
  (["release", "study", "threads", "profile"] as const).map((build) => ({ arch, build })),
);

export interface Setup {
  readonly task: Task;
  /** First address of the missing page. */
  readonly border: number;
  readonly buffer: KernelBuffer;
}

/** A page that ends in `bytes`, then nothing; and a kernel buffer full of 0xA5. */
export async function atBorder(
  { arch, build }: { arch: (typeof archNames)[number]; build?: BuildName },
  bytes: Uint8Array,
): Promise<Setup> {
  const machine = await machineOf({ arch, build: build ?? "release", memory: "1M" });
  const task = machine.createTask();
  const { border } = pageBeforeHole(task, USER, bytes);
  const buffer = machine.allocKernel(PAGE);
  buffer.bytes.fill(FILL);
  return { task, border, buffer };
}

/** The last bytes of the page below the border. */
export function tailOf({ task, border }: Setup, length: number): Uint8Array {
  const linear = task.linearOf(border - PAGE)! + PAGE;
  return task.machine.bytes.slice(linear - length, linear);
}
