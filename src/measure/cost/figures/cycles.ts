/** Cycles: measured on x86, and what the 2025 thread reported for PowerPC 8xx. */

/** `x86_measured`, core cycles. Kinds: measured, unless the path says otherwise in its section. */
export const x86Cycles = {
  "put_user_4.core_cycles": 74.5,
  "put_user_8.core_cycles": 74.0,
  "guarded_block_of_6_unsafe_put_user.core_cycles": 69.0,
  "one_more_unsafe_get_user_in_an_open_block.core_cycles": 2.2,
  "copy_to_user_8.core_cycles": 92.1,
  "copy_to_user_16.core_cycles": 91.0,
  "copy_to_user_32.core_cycles": 95.3,
  "copy_from_user_8.core_cycles": 119.4,
  "user_mode.nine_plain_stores.core_cycles": 18.0,
} as const;

/** `x86_measured.copy_to_user_extra_over_8_bytes`: [bytes, cycles more than a copy of 8 bytes]. */
export const x86CopyToUserExtra = [
  [16, -0.1],
  [32, 0.0],
  [64, -0.3],
  [128, 11.8],
  [256, 15.8],
  [512, 25.9],
  [1024, 41.2],
  [4096, 137.5],
] as const;

/** `x86_measured.copy_from_user_extra_over_8_bytes`: [bytes, cycles more than a copy of 8 bytes]. */
export const x86CopyFromUserExtra = [
  [64, -1.0],
  [256, 15.5],
  [1024, 39.8],
  [4096, 137.9],
] as const;

/** `thread_reported_8xx`: the figures of the thread of June 2025, and ratios made from them. */
export const threadReported = {
  "write_side_instructions_before_after[0]": 80,
  "write_side_instructions_before_after[1]": 13,
  "write_side_percent_of_snd_pcm_ioctl_before_after[0]": 36,
  "write_side_percent_of_snd_pcm_ioctl_before_after[1]": 15,
  "perf_top_percent_of_all_samples.a": 12.86,
  "perf_top_percent_of_all_samples.b": 16.43,
  "perf_top_percent_of_all_samples.c": 4.92,
  "b_split.snd_pcm_ioctl": 8.37,
  "b_split.__copy_tofrom_user": 4.86,
  "b_split._copy_from_user": 1.67,
  "b_split._copy_to_user": 1.53,
  derived_time_ratio_before_after: 6.27,
  instruction_ratio_before_after: 6.15,
} as const;
