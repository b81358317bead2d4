import { Cpu } from "../machine/cpu";
import { Stream } from "../pcm/runtime";
import { Card, Substream } from "./card";
import { Message } from "./message";

/**
 * What differs between the designs of the driver, as functions: a design is a record of them (designs.ts), and nothing
 * else asks which design a card has. Locks are held as the kernel holds them there.
 */
@unmanaged
export class Design {
  clear: u32; // ClearRecord
  expose: u32; // ExposeAtStart
  returned: u32; // TakeReturned
  locate: u32; // Locate
  acknowledge: u32; // Acknowledge
  answer: u32; // AnswerCall
}

/** PREPARE: forgets what it knows of the ring's content. */
export type ClearRecord = (substream: Substream) => void;

/** START and the end of a pause (TRIGGER_*), before the device is told: 0 or −errno. */
export type ExposeAtStart = (substream: Substream, command: u32) => i32;

/** A message came back, and no longer counts as queued. `written`: bytes, as the device says. */
export type TakeReturned = (substream: Substream, message: Message, written: u32) => void;

/** Where the device stands: bytes into the ring, or NO_POSITION for an xrun. */
export type Locate = (substream: Substream, stream: Stream) => u64;

/** appl_ptr moved: 0 or −errno. */
export type Acknowledge = (substream: Substream, stream: Stream) => i32;

/** A call of the sound core that most designs do nothing in: DRIVER_* and its argument. 0 or −errno. */
export type AnswerCall = (
  cpu: Cpu,
  substream: Substream,
  stream: Stream,
  call: u32,
  argument: u64,
) => i64;

@inline
export function designOf(card: Card): Design {
  return changetype<Design>(card.design as usize);
}

export function clearNothing(_substream: Substream): void {}

export function acknowledgeNothing(_substream: Substream, _stream: Stream): i32 {
  return 0;
}

export function answerNothing(
  _cpu: Cpu,
  _substream: Substream,
  _stream: Stream,
  _call: u32,
  _argument: u64,
): i64 {
  return 0;
}
