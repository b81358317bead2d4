/** Steps on another process, as calls of the remote-access paths. */

import { NotImplementedError } from "./notImplemented.ts";
import type { Answer } from "./remoteVmMachine.ts";
import type { RemoteStep } from "./remoteVmSteps.ts";
import type { Handlers, World } from "./remoteVmWorld.ts";

export const remoteSteps: Handlers<RemoteStep> = {
  mem_read: missing,
  mem_write: missing,
  mem_seek_read: missing,
  mem_seek_write: missing,
  mem_preadv: missing,
  mem_pwritev: missing,
  peek: missing,
  poke: missing,
  vm_readv: missing,
  vm_writev: missing,
  proc_read: missing,
};

function missing(_world: World, { op }: RemoteStep): Answer {
  throw new NotImplementedError(op);
}
