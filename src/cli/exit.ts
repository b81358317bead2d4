/** What the command's exit status says. */
export const exitCode = {
  fine: 0,
  /** A check failed, or there was a finding. */
  failed: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  internal: 3,
  interrupted: 130,
} as const;
