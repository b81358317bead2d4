import { checkThat } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { shown } from "../base/shown.ts";

/** Bytes, a compiled module, or where to fetch one from. */
export type WasmSource =
  BufferSource | WebAssembly.Module | Response | PromiseLike<Response> | URL | string;

const SOURCES =
  "the core's bytes (ArrayBuffer or typed array), a WebAssembly.Module, a Response, a promise of one, or its URL";

/** What may be a source; what a promise brings is seen later. */
export const wasmSource = checkThat(SOURCES, (value) => {
  if (typeof value === "string") return true;
  if (typeof value !== "object" || value === null) return false;
  return (
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value) ||
    value instanceof WebAssembly.Module ||
    value instanceof URL ||
    "arrayBuffer" in value ||
    "then" in value
  );
});

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
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return bytesGiven(source);
  const isAddress = typeof source === "string" || source instanceof URL;
  const name = isAddress ? String(source) : "the response given as wasm";
  const coming = isAddress ? fetch(source) : (source as Response | PromiseLike<Response>);
  return bytesFetched(name, coming);
}

/** @throws UsageError for a buffer that is not there any more */
function bytesGiven(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  try {
    if (source instanceof ArrayBuffer) return new Uint8Array(source);
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  } catch (cause) {
    const problem = `is ${shown(source)} whose buffer was transferred away or has shrunk`;
    throw new UsageError({ argument: "wasm", problem, valid: SOURCES }, { cause });
  }
}

async function bytesFetched(
  name: string,
  coming: Response | PromiseLike<Response>,
): Promise<Uint8Array> {
  try {
    const response = await coming;
    if (typeof response?.arrayBuffer !== "function") throw notResponse(response);
    if (response.ok === false) throw answered(name, response);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    if (cause instanceof FaultlineError) throw cause;
    const hint = "for a file in Node, read it and pass its bytes";
    throw new FaultlineError(
      "not-fetched",
      `${name} could not be fetched (${messageOf(cause)}); ${hint}`,
      { cause },
    );
  }
}

function notResponse(value: unknown): UsageError {
  const problem = `is a promise of what is no Response: ${shown(value)}`;
  return new UsageError({ argument: "wasm", problem, valid: SOURCES });
}

function answered(name: string, { status, statusText }: Response): FaultlineError {
  return new FaultlineError("not-fetched", `${name} answered ${status} ${statusText}`.trimEnd());
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : shown(thrown);
}

function describeStart(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return text.trimStart().startsWith("<")
    ? "it starts like an HTML page"
    : `${bytes.byteLength} bytes`;
}
