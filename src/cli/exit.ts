/** What the command's exit status says. */
export const exitCode = {
  fine: 0,
  /** A check failed, or there was a finding. */
  failed: 1,
  usage: 2,
  internal: 3,
  interrupted: 130,
} as const;
