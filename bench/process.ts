import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "./root.ts";

/** Nanoseconds from start to end of a Node process. Throws an Error when it fails. */
export function timeNode(argv: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, argv);
  const ns = Number(process.hrtime.bigint() - start);
  if (status !== 0) throw new Error(`node ${argv.join(" ")} ended with ${status}: not built?`);
  return ns;
}

/** A process of its own that creates a peer's machine and makes one access: firstAccess/PEER.ts, bundled. */
export function timeFirstAccess(peer: string): number {
  return timeNode([join(projectRoot(), "dist-bench", "firstAccess", `${peer}.mjs`)]);
}
