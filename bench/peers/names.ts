/** The peers that are measured beside the limit, in the order of the table's columns. */
export const PEER_NAMES = [
  "faultline",
  "limit-loads",
  "fast-v1",
  "fast-v3-sketch",
  "slow-path",
  "js",
  "native",
  "v86",
] as const;
export type PeerName = (typeof PEER_NAMES)[number];
