/**
 * struct umcg_task (include/uapi/linux/umcg.h), as a program lays it out, and its state word, in two versions of the
 * patches.
 *
 * v0.6, 17 Sep 2021:
 *
 *   0        4         8                  16                    24
 *   ┌────────┬─────────┬──────────────────┬─────────────────────┐
 *   │ state  │next_tid │ idle_workers_ptr │ idle_server_tid_ptr │
 *   └────────┴─────────┴──────────────────┴─────────────────────┘
 *
 *   31        24 23        16 15        10     9          8      7      0
 *   ┌───────────┬────────────┬────────────┬───────────┬────────┬─────────┐
 *   │ the user's│     0      │            │ PREEMPTED │ LOCKED │  state  │
 *   └───────────┴────────────┴────────────┴───────────┴────────┴─────────┘
 *
 * v0.7, 12 Oct 2021, with the time of the word's last change, in units of 16 ns:
 *
 *   0          8         12     16                 24                    32
 *   ┌──────────┬─────────┬──────┬──────────────────┬─────────────────────┐
 *   │ state_ts │next_tid │  0   │ idle_workers_ptr │ idle_server_tid_ptr │
 *   └──────────┴─────────┴──────┴──────────────────┴─────────────────────┘
 *
 *   63           18 17        13 12       8     7          6      5      0
 *   ┌──────────────┬────────────┬──────────┬───────────┬────────┬─────────┐
 *   │     time     │ the user's │    0     │ PREEMPTED │ LOCKED │  state  │
 *   └──────────────┴────────────┴──────────┴───────────┴────────┴─────────┘
 */
export const UMCG_VERSION_6: u32 = 6;
export const UMCG_VERSION_7: u32 = 7;

export const UMCG_AT_STATE: u32 = 0;
export const UMCG_AT_NEXT_TID: u32 = 4;
export const UMCG_AT_IDLE_WORKERS: u32 = 8;
export const UMCG_AT_IDLE_SERVER: u32 = 16;
export const UMCG_TASK_BYTES: u32 = 24;

/** By how much the fields of v0.7 stand behind those of v0.6. */
export const UMCG_NEXT_TID_LATER: u32 = 4;
export const UMCG_POINTERS_LATER: u32 = 8;

export const UMCG_NONE: u32 = 0;
export const UMCG_RUNNING: u32 = 1;
export const UMCG_IDLE: u32 = 2;
export const UMCG_BLOCKED: u32 = 3;

export const UMCG_STATE_MASK: u32 = 0xff;
export const UMCG_LOCKED: u32 = 1 << 8;
export const UMCG_PREEMPTED: u32 = 1 << 9;
export const UMCG_USER_SHIFT: u32 = 24;

export const UMCG_STATE_MASK_7: u32 = 0x3f;
export const UMCG_LOCKED_7: u32 = 1 << 6;
export const UMCG_PREEMPTED_7: u32 = 1 << 7;
export const UMCG_USER_SHIFT_7: u32 = 13;
export const UMCG_TIME_SHIFT: u32 = 18;
/** The time's unit is so many doublings of a nanosecond. */
export const UMCG_TIME_GRANULARITY: u32 = 4;

/** In a worker's idle_workers_ptr: it is about to be in the list. */
export const UMCG_NODE_PENDING: u64 = 1;
