import type { ConstantName } from "../../core/exports.ts";

/** How the kernel reaches another process's memory. */
const remotePaths = [
  { name: "slow", constant: "PATH_SLOW", meaning: "under the mmap lock, page by page" },
] as const satisfies readonly { name: string; constant: ConstantName; meaning: string }[];

export type RemotePath = (typeof remotePaths)[number]["name"];

/** The core's number of a path. */
export function pathConstant(path: RemotePath): ConstantName {
  return remotePaths.find(({ name }) => name === path)!.constant;
}
