/** How a commanded device treats control requests. */

/** How requests of a kind are answered; the first rule that applies decides. */
@unmanaged
export class Rule {
  request: u32; // REQUEST_*
  skip: u32; // so many are let pass first
  times: i32; // how often it applies, −1 = always
  status: u32; // the answer
  hold: u32; // HOLD_*: no answer at all
  usedLength: i32; // what is stored as the answer's length, −1 = the truth
  keep: i32; // RELEASE: messages left in the queue, −1 = all
}

export const HOLD_NOT: u32 = 0;
export const HOLD_NEVER: u32 = 1;
export const HOLD_LATER: u32 = 2;

/** A request without an answer: where it began, and its code. */
@unmanaged
export class Held {
  head: u32;
  request: u32;
}
