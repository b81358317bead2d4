import type { Peer } from "../peer.ts";
import { createFaultlinePeer } from "./faultline.ts";
import { createJsPeer } from "./js.ts";
import type { LimitPeer } from "./limit.ts";
import { PEER_NAMES } from "./names.ts";
import type { PeerName } from "./names.ts";
import { createV86Peer } from "./v86.ts";

type Create = (limit: LimitPeer) => Peer | Promise<Peer>;

const CREATE: Readonly<Record<PeerName, Create>> = {
  faultline: createFaultlinePeer,
  "limit-loads": ({ withLoads }) => withLoads,
  js: createJsPeer,
  v86: createV86Peer,
};

/** The peers of these names, in the order of the table's columns. */
export async function createPeers(
  limit: LimitPeer,
  names: ReadonlySet<PeerName>,
): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (const name of PEER_NAMES) if (names.has(name)) peers.push(await CREATE[name](limit));
  return peers;
}
