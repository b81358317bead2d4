import type { Peer } from "../peer.ts";
import { createFaultlinePeer } from "./faultline.ts";
import { createJsPeer } from "./js.ts";
import type { LimitPeer } from "./limit.ts";

/** All peers that are measured beside the limit, in the order of the table's columns. */
export async function createPeers(limit: LimitPeer): Promise<readonly Peer[]> {
  return [await createFaultlinePeer(), limit.withLoads, createJsPeer()];
}
