/** Error numbers that results of the modelled calls carry (include/uapi/asm-generic/errno*.h), minus the sign. */
export const errnos = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  ENODEV: 19,
  EINVAL: 22,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EPIPE: 32,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  EOVERFLOW: 75,
  EBADFD: 77,
  ESTRPIPE: 86,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  ENOBUFS: 105,
  ETIMEDOUT: 110,
  EALREADY: 114,
  ERESTARTSYS: 512,
} as const;

const names = new Map<number, string>(
  Object.entries(errnos).map(([name, number]) => [number, name]),
);

/** "EFAULT" for 14; the number itself where it has no name here. */
export function errnoNameOf(number: number): string {
  return names.get(number) ?? String(number);
}
