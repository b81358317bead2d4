import {
  buildLayout,
  Machine,
  parseLayout,
  type BuiltLayout,
  type MachineOptions,
} from "../../src/index.ts";
import { machineOf } from "../machine/pool.ts";

export const AT = 0x10000000n;

/** An address space on the machine of its size that all tests share. */
export async function built(
  text: string,
  options: MachineOptions = {},
): Promise<BuiltLayout & { machine: Machine }> {
  const machine = await machineOf({ memory: "16M", ...options });
  return { ...buildLayout(machine, parseLayout(text)), machine };
}

/** Something of everything that every architecture's tables can have. */
export const everything = `0x10000000 16p rw anon touched=0-1 zero=3 dirty=4 cow=5-6 guard=8-9
0x10010000 4p hole
0x10014000 8p none anon touched=0-2
0x20000000 8p rw file size=20000 touched=0 dirty=1
0x20010000 4p rw shared touched=1
0x28000000 4p r secret touched=0
0x30000000 4p rw stack locked touched=3`;

/** The same for tables with huge leaves. */
export const everythingHuge = `${everything}
0x40000000 4M rw anon thp touched=0 zero=512
0x50000000 2M rw file shared leaf=2M touched=0`;
