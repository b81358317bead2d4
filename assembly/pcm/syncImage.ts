import { Cpu, stackImage } from "../machine/cpu";

/**
 * What SYNC_PTR holds on the kernel's stack between reading and writing back: first the nine values that are written,
 * in that order (FIELD_*).
 */
@unmanaged
export class SyncImage {
  state: u64;
  hwPtr: u64;
  tstampSec: u64;
  tstampNsec: u64;
  suspended: u64;
  audioSec: u64;
  audioNsec: u64;
  applPtr: u64;
  availMin: u64;
  flags: u32;
}

/** The value of a field. */
@inline
export function valueOf(image: SyncImage, field: u32): u64 {
  return load<u64>(changetype<usize>(image) + (field << 3));
}

/*
 * The kernel stack image of a CPU while SYNC_PTR runs. The structures of the block copies stand where the compiler of
 * the counted function put them modulo 64, because the cost of a copy depends on it.
 *
 *     8                        72           144     152                 228
 *     ├────────────────────────┼────────────┤       ├───────────────────┤
 *     │ status to be copied    │ control    │       │ SyncImage         │
 *     └────────────────────────┴────────────┘       └───────────────────┘
 *     (a layout that is copied whole takes 8 … 144; what is copied in goes to 68)
 */
export const STATUS_AT: usize = 8;
export const CONTROL_AT: usize = 72;
export const COPIED_IN_AT: usize = 68;
const IMAGE_AT: usize = 152;

/** Zeroes the status, at least 32 bytes, so that no hole shows the program what the stack held before. */
@inline
export function clearStatus(status: usize, bytes: u32): void {
  store<u64>(status, 0);
  store<u64>(status, 0, 8);
  store<u64>(status, 0, 16);
  store<u64>(status, 0, 24);
  if (bytes > 32) memory.fill(status + 32, 0, bytes - 32);
}

@inline
export function syncImage(cpu: Cpu): SyncImage {
  return changetype<SyncImage>(stackImage(cpu) + IMAGE_AT);
}
