/** States, in the order of their numbers (SNDRV_PCM_STATE_*). */
export const pcmStates = [
  "OPEN",
  "SETUP",
  "PREPARED",
  "RUNNING",
  "XRUN",
  "DRAINING",
  "PAUSED",
  "SUSPENDED",
  "DISCONNECTED",
] as const;

export type PcmState = (typeof pcmStates)[number];

/** Directions, in the order of the core's numbers for them. */
export const pcmDirections = ["playback", "capture"] as const;

export type PcmDirection = (typeof pcmDirections)[number];
