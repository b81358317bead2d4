import { mapsOf, memoryText, pagemapOf, pageTablesOf, smapsOf } from "../../src/index.ts";
import { PAGE, USER, type Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

/** Good calls of what looks at an address space. */
export const inspectorCalls: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  mapsOf: ({ task }) => ({ call: mapsOf, args: [task] }),
  memoryText: ({ task }) => ({ call: memoryText, args: [task, "tables"] }),
  pagemapOf: ({ task }) => ({ call: pagemapOf, args: [task, USER, 2 * PAGE] }),
  pageTablesOf: ({ task }) => ({ call: pageTablesOf, args: [task] }),
  smapsOf: ({ task }) => ({ call: smapsOf, args: [task] }),
};
