import type { Peer } from "../peer.ts";
import { createFaultlinePeer } from "./faultline.ts";
import { createJsPeer } from "./js.ts";
import type { LimitPeer } from "./limit.ts";
import { PEER_NAMES } from "./names.ts";
import type { PeerName } from "./names.ts";
import { createNativePeer } from "./native.ts";
import { createRemotePeer, RemoteBeds } from "./remoteWorks.ts";
import { createV86Peer } from "./v86.ts";

/** What several peers are made of. */
interface Shared {
  readonly limit: LimitPeer;
  readonly remote: RemoteBeds;
}

type Create = (shared: Shared) => Peer | Promise<Peer>;

const CREATE: Readonly<Record<PeerName, Create>> = {
  faultline: ({ remote }) => createFaultlinePeer(remote),
  "limit-loads": ({ limit }) => limit.withLoads,
  "fast-v1": ({ remote }) => createRemotePeer(remote, "fast-v1", "fast-v1"),
  "fast-v3-sketch": ({ remote }) => createRemotePeer(remote, "fast-v3-sketch", "fast-v3-sketch"),
  "slow-path": ({ remote }) => createRemotePeer(remote, "slow-path", "slow"),
  js: createJsPeer,
  native: createNativePeer,
  v86: createV86Peer,
};

/** The peers of these names, in the order of the table's columns. */
export async function createPeers(
  limit: LimitPeer,
  names: ReadonlySet<PeerName>,
): Promise<readonly Peer[]> {
  const shared: Shared = { limit, remote: new RemoteBeds() };
  const peers: Peer[] = [];
  for (const name of PEER_NAMES) if (names.has(name)) peers.push(await CREATE[name](shared));
  return peers;
}
