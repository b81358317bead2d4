import { remotePaths } from "../../src/index.ts";
import type { RemotePath } from "../../src/index.ts";
import { AREA_COUNTS, LEAF_SIZES, REMOTE_SIZES } from "../cells.ts";
import type { CellId } from "../cells.ts";
import type { Peer, TimedWork, Work } from "../peer.ts";
import type { PeerName } from "./names.ts";
import { RemoteBed } from "./remoteBed.ts";
import type { RemoteStep } from "./remoteBed.ts";

/** So long until V8 has compiled the loop in earnest. */
const WARM_MS = 300;
const SMALL = 8;

/** The steps of a fast read that are priced one by one. */
const STEPS: Readonly<Record<string, RemoteStep>> = {
  mm: "STEP_ADDRESS_SPACE",
  "vma-lock": "STEP_VMA_LOCK",
  walk: "STEP_WALK",
  reference: "STEP_REFERENCE",
};

/** The machines of W3, each made when it is first needed: some are large, and all the ways of the kernel share them. */
export class RemoteBeds {
  readonly #made = new Map<string, Promise<RemoteBed>>();

  /** The bed of a variant. */
  of(variant: string): Promise<RemoteBed> {
    const areas = AREA_COUNTS[variant];
    if (areas !== undefined) return this.#once(variant, () => RemoteBed.amongAreas(areas));
    const pageSize = LEAF_SIZES[variant] ?? "4K";
    return this.#once(pageSize, () => RemoteBed.ofLeaves(pageSize));
  }

  #once(name: string, create: () => Promise<RemoteBed>): Promise<RemoteBed> {
    const bed = this.#made.get(name) ?? create();
    this.#made.set(name, bed);
    return bed;
  }
}

/** A loop on a bed that is made before the first sample. */
function loopOn(
  bed: () => Promise<RemoteBed>,
  run: (bed: RemoteBed, n: number) => number,
): TimedWork {
  return {
    kind: "timed",
    warmMs: WARM_MS,
    async run(n) {
      const made = await bed();
      const start = process.hrtime.bigint();
      const checksum = run(made, n);
      return { ns: Number(process.hrtime.bigint() - start), checksum };
    },
  };
}

/** W3 by one of the kernel's ways. */
export function remoteReads(beds: RemoteBeds, path: RemotePath): ReadonlyMap<CellId, Work> {
  const works = new Map<CellId, Work>();
  const add = (variant: string, size: number) =>
    works.set(
      `W3.${variant}`,
      loopOn(
        () => beds.of(variant),
        (bed, n) => bed.read(path, size, n),
      ),
    );
  for (const [variant, size] of Object.entries(REMOTE_SIZES)) add(variant, size);
  for (const variant of Object.keys(LEAF_SIZES)) add(variant, REMOTE_SIZES["1m"]!);
  for (const variant of Object.keys(AREA_COUNTS)) add(variant, SMALL);
  return works;
}

/** The price of each step of a fast read but the copy, which is the limit's. */
export function remoteSteps(beds: RemoteBeds): ReadonlyMap<CellId, Work> {
  return new Map(
    Object.entries(STEPS).map(([variant, step]): [CellId, Work] => [
      `W3.${variant}`,
      loopOn(
        () => beds.of(variant),
        (bed, n) => bed.step(step, n),
      ),
    ]),
  );
}

/** Another of the kernel's ways, beside the one that the goals are for. */
export function createRemotePeer(beds: RemoteBeds, name: PeerName, path: RemotePath): Peer {
  const { meaning } = remotePaths.find((row) => row.name === path)!;
  return { name, about: `the same, remote memory ${meaning}`, works: remoteReads(beds, path) };
}
