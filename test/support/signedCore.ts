import { coreRelease, RELEASE_SECTION } from "../../src/core/generated/coreRelease.ts";
import type { BuildName } from "../../src/index.ts";

const CUSTOM_SECTION = 0;

/**
 * A core with the section that says which build of which release it is, as scripts/build.mjs adds it: no length in it
 * needs a second LEB128 byte.
 */
export function signedCore(
  core: Uint8Array,
  build: BuildName,
  release: string = coreRelease,
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const name = encoder.encode(RELEASE_SECTION);
  const content = encoder.encode(`${build} ${release}`);
  const length = 1 + name.length + content.length;
  const section = [CUSTOM_SECTION, length, name.length, ...name, ...content];
  const signed = new Uint8Array(core.length + section.length);
  signed.set(core);
  signed.set(section, core.length);
  return signed;
}
