import { FaultlineError } from "../base/errors.ts";

/** Bytes, a compiled module, or where to fetch one from. */
export type WasmSource =
  BufferSource | WebAssembly.Module | Response | PromiseLike<Response> | URL | string;

/** The first four bytes of every module, as a little-endian word. */
const WASM_MAGIC = 0x6d736100;

/**
 * Compiles a core from wherever it comes.
 * @throws FaultlineError "not-fetched"; "not-wasm", also where a page's policy forbids WebAssembly
 */
export async function compileSource(source: WasmSource, what: string): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const bytes = await bytesOf(source);
  if (
    bytes.byteLength < 8 ||
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== WASM_MAGIC
  ) {
    throw new FaultlineError(
      "not-wasm",
      `${what} is not WebAssembly (${describeStart(bytes)}); pass { wasm } with the core's bytes, module or URL`,
    );
  }
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    throw new FaultlineError("not-wasm", `${what} does not compile: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The type of a compiled module is empty in lib.dom, so that it cannot be told apart by types alone. */
async function bytesOf(source: WasmSource): Promise<Uint8Array> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  const isAddress = typeof source === "string" || source instanceof URL;
  const response = isAddress
    ? await fetched(source)
    : await (source as Response | PromiseLike<Response>);
  return new Uint8Array(await response.arrayBuffer());
}

async function fetched(address: string | URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    const hint = "for a file in Node, read it and pass its bytes";
    throw new FaultlineError(
      "not-fetched",
      `${String(address)} could not be fetched (${(cause as Error).message}); ${hint}`,
      { cause },
    );
  }
  if (!response.ok) {
    throw new FaultlineError(
      "not-fetched",
      `${String(address)} answered ${response.status} ${response.statusText}`.trimEnd(),
    );
  }
  return response;
}

function describeStart(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return text.trimStart().startsWith("<")
    ? "it starts like an HTML page"
    : `${bytes.byteLength} bytes`;
}
