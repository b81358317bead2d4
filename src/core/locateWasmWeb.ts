import { FaultlineError } from "../base/errors.ts";

/** Browsers: a bundler moves modules, so the page says where the other builds are. */
export function locateWasm(build: string): Promise<Uint8Array> {
  return Promise.reject(
    new FaultlineError(
      "wasm-not-given",
      `the ${build} core is not inlined: pass { wasm } with the URL, bytes or module of "faultline/wasm/${build}.wasm"`,
    ),
  );
}
