/** Advices of madvise by their names, and the core's number for each. */
export const adviceConstants = {
  normal: "MADV_NORMAL",
  random: "MADV_RANDOM",
  sequential: "MADV_SEQUENTIAL",
  dontneed: "MADV_DONTNEED",
  free: "MADV_FREE",
  remove: "MADV_REMOVE",
  cold: "MADV_COLD",
  dontfork: "MADV_DONTFORK",
  dofork: "MADV_DOFORK",
  wipeonfork: "MADV_WIPEONFORK",
  keeponfork: "MADV_KEEPONFORK",
  hugepage: "MADV_HUGEPAGE",
  nohugepage: "MADV_NOHUGEPAGE",
  populate_read: "MADV_POPULATE_READ",
  populate_write: "MADV_POPULATE_WRITE",
  guard_install: "MADV_GUARD_INSTALL",
  guard_remove: "MADV_GUARD_REMOVE",
} as const;

export type Advice = keyof typeof adviceConstants;

export const adviceNames = Object.keys(adviceConstants) as Advice[];

/** The kernel's own mappings in a program. */
export const specialConstants = {
  vdso: "FILE_VDSO",
  vvar: "FILE_VVAR",
  vvar_vclock: "FILE_VVAR_VCLOCK",
} as const;

export type SpecialMapping = keyof typeof specialConstants;

export const specialNames = Object.keys(specialConstants) as SpecialMapping[];
