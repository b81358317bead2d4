/** Structures that a user describes: their layout in every ABI. */

export type {
  CompositeDescription,
  CopiesDescription,
  CopyDescription,
  FieldDescription,
  StructDescription,
} from "./description.ts";
export { dataModel } from "./dataModel.ts";
export { layoutOf, Places, type Hole, type LaidField, type StructLayout } from "./layout.ts";
export { listNames, moveTables, type ListName, type Move, type MoveTables } from "./moves.ts";
export { parsedStruct, parseStruct } from "./parse.ts";
export type { Access, Struct } from "./struct.ts";
