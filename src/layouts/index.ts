/** Address spaces as a user describes them: parsed, checked, built on a machine. */

export {
  areaKinds,
  type Area,
  type AreaDescription,
  type AreaFile,
  type AreaKind,
  type FlagName,
  type LayoutBacking,
  type ListName,
} from "./area.ts";
export { buildLayout, type BuiltLayout } from "./build.ts";
export { parseLayout, type LayoutSource, type MemoryLayout } from "./layout.ts";
export { layoutNames, namedLayout, namedLayouts, type LayoutName } from "./named.ts";
export type { PageList, PageRange } from "./pages.ts";
