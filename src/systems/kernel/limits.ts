/** The most that one call moves: INT_MAX rounded down to pages (MAX_RW_COUNT, include/linux/fs.h). */
export const MAX_RW_COUNT = 0x7ffff000;
/** Elements of a vector (UIO_MAXIOV, include/uapi/linux/uio.h). */
export const UIO_MAXIOV = 1024;
/** struct iovec of a 64-bit program: base, then length. */
export const IOVEC_BYTES = 16;
