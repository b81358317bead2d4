import type { ConstantName } from "../core/exports.ts";

/**
 * How an emulated kernel reaches another task's memory: as 6.18 does; as one of the two versions of the series "mm:
 * __access_remote_vm with per-VMA lock" of June 2026 would; or as its author proposed to go on.
 */
export const remotePaths = [
  {
    name: "slow",
    constant: "REMOTE_SLOW",
    meaning: "under the mmap lock, page by page, with faults",
  },
  {
    name: "fast-v1",
    constant: "REMOTE_FAST_V1",
    meaning:
      "reads resident pages under their area's own lock first, area by area, with mistakes D1 and D2",
  },
  {
    name: "fast-v2",
    constant: "REMOTE_FAST_V2",
    meaning: "the same for reads within one area, without the mistakes",
  },
  {
    name: "fast-v3-sketch",
    constant: "REMOTE_FAST_V3_SKETCH",
    meaning: "get_user_pages under the area's own lock, faults and writes too, within one area",
  },
] as const satisfies readonly { name: string; constant: ConstantName; meaning: string }[];

/** What is wrong with version 1, as claims about the series number it. */
export const remoteClaims = {
  D1: "what was read before a hole is lost, for the slow path, which goes on there, finds nothing mapped",
  D2: "a file's pages are read where arguments or an environment are asked for, which are none",
} as const;

export type RemoteClaim = keyof typeof remoteClaims;

export type RemotePath = (typeof remotePaths)[number]["name"];

export const remotePathNames: readonly RemotePath[] = remotePaths.map(({ name }) => name);
