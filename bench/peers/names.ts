/** The peers that are measured beside the limit, in the order of the table's columns. */
export const PEER_NAMES = ["faultline", "limit-loads", "js", "v86"] as const;
export type PeerName = (typeof PEER_NAMES)[number];
