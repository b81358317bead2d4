/** Error numbers that results of the modelled calls carry (include/uapi/asm-generic/errno*.h). */
const names: Readonly<Record<number, string>> = {
  5: "EIO",
  6: "ENXIO",
  7: "E2BIG",
  11: "EAGAIN",
  12: "ENOMEM",
  14: "EFAULT",
  16: "EBUSY",
  19: "ENODEV",
  22: "EINVAL",
  25: "ENOTTY",
  32: "EPIPE",
  34: "ERANGE",
  38: "ENOSYS",
  77: "EBADFD",
  86: "ESTRPIPE",
  114: "EALREADY",
  512: "ERESTARTSYS",
};

/** "0", a count, or "-EFAULT". */
export function errnoName(result: number): string {
  return result >= 0 ? String(result) : `-${names[-result] ?? String(-result)}`;
}
