import { buildLayout, namedLayout, parseLayout, type MemoryLayout } from "../../src/index.ts";
import { PAGE, type Floor } from "./apiFloor.ts";
import { behind, GOOD_ONE } from "./goodOne.ts";
import type { GoodCall } from "./misuse.ts";

/** Areas with one of each option. */
const everyArea = [
  {
    at: 0x30000000,
    length: 4 * PAGE,
    protection: "rw",
    kind: "file",
    shared: false,
    file: "mine",
    size: 3 * PAGE,
    offset: PAGE,
    backing: "disk",
    touched: [0],
    dirty: [[1, 1]],
    cow: [],
    guard: [3],
  },
  {
    at: 0x40000000n,
    length: 4n * 4096n,
    kind: "anon",
    leaf: "2M",
    thp: false,
    locked: true,
    sealed: true,
    uffd: true,
    touched: "all",
    zero: [],
  },
] as const;
const layoutOfAll = (): MemoryLayout => parseLayout(everyArea);

/** Good calls of what makes address spaces. */
export const layoutCalls: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  buildLayout: ({ machine }) => ({
    call: (on: unknown, layout: unknown, options: object) =>
      buildLayout(behind(on, machine), behind(layout, layoutOfAll()), options),
    args: [GOOD_ONE, GOOD_ONE, { cpu: 1 }],
  }),
  namedLayout: () => ({ call: namedLayout, args: ["cow"] }),
  parseLayout: () => ({ call: parseLayout, args: [everyArea] }),
};
