/**
 * struct umcg_task of v0.6 (include/uapi/linux/umcg.h, 17 Sep 2021), as a program lays it out, and its state word.
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
 */
export const UMCG_AT_STATE: u32 = 0;
export const UMCG_AT_NEXT_TID: u32 = 4;
export const UMCG_AT_IDLE_WORKERS: u32 = 8;
export const UMCG_AT_IDLE_SERVER: u32 = 16;
export const UMCG_TASK_BYTES: u32 = 24;

export const UMCG_NONE: u32 = 0;
export const UMCG_RUNNING: u32 = 1;
export const UMCG_IDLE: u32 = 2;
export const UMCG_BLOCKED: u32 = 3;
export const UMCG_STATE_MASK: u32 = 0xff;
export const UMCG_LOCKED: u32 = 1 << 8;
export const UMCG_PREEMPTED: u32 = 1 << 9;

/** In a worker's idle_workers_ptr: it is about to be in the list. */
export const UMCG_NODE_PENDING: u64 = 1;

@inline
export function stateOf(word: u32): u32 {
  return word & UMCG_STATE_MASK;
}

/** The word in another state, with its flags. */
@inline
export function withState(word: u32, state: u32): u32 {
  return (word & ~UMCG_STATE_MASK) | state;
}
