/**
 * What the test asks of the page. The page has nothing but the library's two entries and what every browser offers;
 * answers are plain data, because they travel back to the test.
 */

import type * as Conformance from "../../../src/conformance/index.ts";
import type { ReplayReport } from "../../../src/conformance/index.ts";
import type * as Library from "../../../src/index.ts";
import type {
  BuildName,
  CompareOptions,
  CompareRemoteOptions,
  CompareRow,
  RemoteComparison,
  RemoteRun,
  RunRemoteOptions,
  SyncPtrRun,
} from "../../../src/index.ts";
import { inShare } from "./share.ts";

/** What the headers of the page came to. */
export interface PageState {
  readonly isolated: boolean;
  readonly sharedMemory: boolean;
  readonly evalWorks: boolean;
}

/** What the page caught: the error's class, and its stable word if it is one of ours. */
export interface Caught {
  readonly name: string;
  readonly code: string | null;
  readonly message: string;
}

/** A build of the core, and the path it is fetched from; null for the library's own. */
export interface CoreChoice {
  readonly build: BuildName;
  readonly wasm: string | null;
}

export interface Jobs {
  pageState(): PageState;
  run(study: string): Promise<SyncPtrRun>;
  compare(study: string, options: CompareOptions): Promise<readonly CompareRow[]>;
  readRemote(study: string, options: RunRemoteOptions): Promise<RemoteRun>;
  compareRemote(study: string, options: CompareRemoteOptions): Promise<RemoteComparison>;
  replay(core: CoreChoice, files: readonly string[]): Promise<ReplayReport>;
  /** What making a machine throws; null if it is made. */
  createError(core: CoreChoice): Promise<Caught | null>;
}

/** As the machine of `faultline replay`. */
const REPLAY_MACHINE = { memory: "16M", kernel: "6.12" } as const;

export function jobsOf(library: typeof Library, conformance: typeof Conformance): Jobs {
  const create = (core: CoreChoice): Promise<Library.Machine> => {
    const wasm = core.wasm === null ? {} : { wasm: addressOf(core.wasm) };
    return library.Machine.create({ ...REPLAY_MACHINE, build: core.build, ...wasm });
  };
  return {
    pageState: () => ({
      isolated: crossOriginIsolated,
      sharedMemory: typeof SharedArrayBuffer !== "undefined",
      evalWorks: evalWorks(),
    }),
    run: (study) => library.runSyncPtr({ wasm: addressOf(study) }),
    compare: async (study, options) => {
      const cores = { study: addressOf(study) };
      return (await library.compareSyncPtr({ ...options, wasm: cores })).rows;
    },
    readRemote: (study, options) =>
      library.runRemote("remote-read", { ...options, wasm: addressOf(study) }),
    compareRemote: (study, options) =>
      library.compareRemote("remote-read", { ...options, wasm: addressOf(study) }),
    replay: async (core, files) => {
      const switchEvery = core.build === "study" ? 1 : 0;
      const systems = conformance.emulatedSystems(await create(core), { switchEvery });
      const replayer = new conformance.Replayer(systems);
      for (const file of files) await replayFile(replayer, file);
      return replayer.report();
    },
    createError: (core) => create(core).then(() => null, caught),
  };
}

function addressOf(path: string): URL {
  return new URL(path, location.href);
}

async function replayFile(replayer: Conformance.Replayer, file: string): Promise<void> {
  const packed = await fetch(addressOf(`/golden/${file}`));
  const unpacked = packed.body!.pipeThrough(new DecompressionStream("gzip"));
  const lines = (await new Response(unpacked).text()).trimEnd().split("\n");
  lines.forEach((text, index) => {
    if (inShare(file, index + 1)) replayer.replayLine(file, index + 1, text);
  });
}

function caught(error: unknown): Caught {
  const { name, message, code } = error as Error & { code?: unknown };
  return { name, message, code: typeof code === "string" ? code : null };
}

/** False where the page's Content-Security-Policy forbids code made from text. */
function evalWorks(): boolean {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false;
  }
}
