/** Error numbers the core answers with, as the kernel returns them: negated (include/uapi/asm-generic/errno*.h). */
export const EPERM: i32 = 1;
export const ESRCH: i32 = 3;
export const EINTR: i32 = 4;
export const EIO: i32 = 5;
export const ENXIO: i32 = 6;
export const E2BIG: i32 = 7;
export const EAGAIN: i32 = 11;
export const ENOMEM: i32 = 12;
export const EACCES: i32 = 13;
export const EFAULT: i32 = 14;
export const EBUSY: i32 = 16;
export const EEXIST: i32 = 17;
export const ENODEV: i32 = 19;
export const EINVAL: i32 = 22;
export const ENOTTY: i32 = 25;
export const ENOSPC: i32 = 28;
export const EPIPE: i32 = 32;
export const ERANGE: i32 = 34;
export const EDEADLK: i32 = 35;
export const ENOSYS: i32 = 38;
export const EOVERFLOW: i32 = 75;
export const EBADFD: i32 = 77;
export const ESTRPIPE: i32 = 86;
export const EOPNOTSUPP: i32 = 95;
export const ETIMEDOUT: i32 = 110;
export const EALREADY: i32 = 114;
export const ERESTARTSYS: i32 = 512;
export const ERESTARTNOINTR: i32 = 513;
export const ERESTART_RESTARTBLOCK: i32 = 516;

/**
 * Not an errno: the call sleeps. Its continuation stands in the task record and `resumeTask` finishes it.
 * Far below every errno, so that no caller can take it for one.
 */
export const BLOCKED: i32 = -0x10000;
