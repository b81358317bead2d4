import { readFile } from "node:fs/promises";

/** Node: the builds that are not inlined are files of the package. */
export function locateWasm(build: string): Promise<Uint8Array> {
  return readFile(new URL(`../../wasm/${build}.wasm`, import.meta.url));
}
