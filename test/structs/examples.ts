import { readFileSync } from "node:fs";
import { parseStruct, type Struct } from "../../src/index.ts";

/** The descriptions that docs/structures.md shows. */
export const exampleNames = ["v4l2_buffer", "rtc_wkalrm", "fiemap"] as const;

export function exampleNamed(name: (typeof exampleNames)[number]): Struct {
  return parseStruct(readFileSync(new URL(`../../examples/${name}.json`, import.meta.url), "utf8"));
}
