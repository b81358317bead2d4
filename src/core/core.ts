import { checkThat } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import type { BuildName } from "./builds.ts";
import type { AsyncifyExports, CoreExports, FiberHost, FiberSwitch } from "./exports.ts";
import { defaultWasm } from "./defaultWasm.ts";
import { Fibers, fiberedExports } from "./fibers.ts";
import { coreRelease, RELEASE_SECTION } from "./generated/coreRelease.ts";
import { compileSource, type WasmSource } from "./source.ts";

/** One instance of a core over one memory. */
export interface Core extends FiberHost {
  readonly build: BuildName;
  /** What the host calls. In the study build each call may be left at a yield point and taken up again. */
  exports: CoreExports;
  /** Present in the study build: runs several calls as fibers, over `rawExports`. */
  fibers: Fibers | undefined;
  readonly rawExports: CoreExports;
  readonly module: WebAssembly.Module;
  /** How often a machine was brought up in this memory: an earlier one's handles are no longer good. */
  epoch: number;
}

/** A wasm32 memory can have this many 64-KiB pages. */
const MAXIMUM_PAGES = 65536;

const instances = new WeakSet<object>();

/** A core is made here and nowhere else: what stands on one trusts its numbers. */
export const madeCore = checkThat("a machine's core", (value) => instances.has(value as object));

const compiled = new Map<BuildName, Promise<WebAssembly.Module>>();

/** The compiled core of a build; each build is compiled once a process unless the caller brings its own. */
export function loadModule(build: BuildName, wasm?: WasmSource): Promise<WebAssembly.Module> {
  if (wasm !== undefined) return compileSource(wasm, "the wasm given");
  let module = compiled.get(build);
  if (module === undefined) {
    module = defaultWasm(build).then((source) => compileSource(source, `the ${build} core`));
    compiled.set(build, module);
    // a failed load must not be remembered
    module.catch(() => compiled.delete(build));
  }
  return module;
}

/**
 * Instantiates a build over a fresh memory, or over a shared one that another thread already uses.
 * @param cpu which CPU the calling thread is: the locks that it takes in the core are held by that one
 * @throws FaultlineError "no-shared-memory" where the threads build cannot run
 */
export function instantiateCore(
  build: BuildName,
  module: WebAssembly.Module,
  shared?: WebAssembly.Memory,
  cpu = 0,
): Core {
  const memory = shared ?? newMemory(build);
  const core: { onSwitch: FiberSwitch } = { onSwitch: () => 0 };
  const switchFiber: FiberSwitch = (cpu, why) => core.onSwitch(cpu, why);
  const instance = instanceOf(build, module, { env: { memory }, host: { switchFiber, cpu } });
  const exports = instance.exports as unknown as CoreExports;
  const asyncify = isStudy(instance) ? (instance.exports as unknown as AsyncifyExports) : undefined;
  const made: Core = Object.assign(core, {
    build,
    exports,
    rawExports: exports,
    asyncify,
    memory,
    module,
    fibers: undefined,
    epoch: 0,
  });
  instances.add(made);
  if (asyncify === undefined) return made;
  made.fibers = new Fibers(made);
  made.exports = fiberedExports(made, made.fibers);
  return made;
}

/** The caller's module may be of another release or build, or no core at all. */
function instanceOf(
  build: BuildName,
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
): WebAssembly.Instance {
  checkRelease(build, module);
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (cause) {
    throw wrongCore(build, (cause as Error).message, cause);
  }
}

/**
 * The build writes into every core which one it is, from which release, and a hash of the numbers and exports that
 * the host will use: with another core's the host would read and write the wrong places.
 */
function checkRelease(build: BuildName, module: WebAssembly.Module): void {
  const [section] = WebAssembly.Module.customSections(module, RELEASE_SECTION);
  if (section === undefined) {
    throw wrongCore(
      build,
      `it has no section "${RELEASE_SECTION}" that says of which release it is`,
    );
  }
  const [found, ...release] = new TextDecoder().decode(section).split(" ");
  if (release.join(" ") !== coreRelease) {
    throw wrongCore(build, `it is of release ${release.join(" ")}, this library of ${coreRelease}`);
  }
  if (found !== build) throw wrongCore(build, `it is the ${found} core of this release`);
}

function isStudy(instance: WebAssembly.Instance): boolean {
  return "asyncify_start_unwind" in instance.exports;
}

function wrongCore(build: BuildName, why: string, cause?: unknown): FaultlineError {
  return new FaultlineError("wrong-core", `the module given is no ${build} core: ${why}`, {
    cause,
  });
}

function newMemory(build: BuildName): WebAssembly.Memory {
  if (build !== "threads") return new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES });
  if (typeof SharedArrayBuffer === "undefined") {
    throw new FaultlineError(
      "no-shared-memory",
      "the threads build needs SharedArrayBuffer: serve the page with cross-origin isolation, or use another build",
    );
  }
  return new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true });
}
