import type { BuildName } from "./builds.ts";
import { releaseWasm } from "./generated/releaseWasm.ts";
import { locateWasm } from "#locate-wasm";

/** The bytes of a build when the caller brings none: release is inlined, the others lie beside the package. */
export async function defaultWasm(build: BuildName): Promise<Uint8Array> {
  return build === "release" ? decodeBase64(releaseWasm) : locateWasm(build);
}

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
