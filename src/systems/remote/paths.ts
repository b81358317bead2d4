/** How the kernel reaches another process's memory. */
export const remotePaths = [
  { name: "slow", meaning: "under the mmap lock, page by page, with faults" },
] as const;

export type RemotePath = (typeof remotePaths)[number]["name"];

export const remotePathNames: readonly RemotePath[] = remotePaths.map(({ name }) => name);
