import { objectOf, optional } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";

/** The cores of a comparison, where the built-in ones cannot be found (browsers). */
export const coresGiven = objectOf<{ readonly study?: WasmSource; readonly release?: WasmSource }>({
  study: optional(wasmSource),
  release: optional(wasmSource),
});
