import { BLOCKED, EINVAL, EIO, ENOMEM, EOPNOTSUPP, ETIMEDOUT } from "../base/errno";
import { Task } from "../mm/task";
import { advanceClock } from "../pcm/clock";
import { Cpu } from "../machine/cpu";
import { sleepInDriver } from "../pcm/wake";
import { isApart } from "./apart";
import { Card, Substream, queueOf, streamOf } from "./card";
import { kickAndAwait } from "./interrupts";
import { allocateBytes, freeBytes } from "./memory";
import { QUEUE_CONTROL, STATUS_IO_ERR, STATUS_NOT_SUPP, STATUS_OK } from "./numbers";
import { PIECE_BYTES, closePieces, layPiece } from "./piece";
import {
  Virtqueue,
  addMessage,
  kick,
  lockQueue,
  pendingToken,
  takeMessage,
  unlockQueue,
} from "./virtqueue";

/**
 * A control request: struct virtio_snd_msg (sound/virtio/virtio_ctl_msg.c). The request is readable, the response's
 * header writable; a query's answer follows in a second writable piece.
 */
@unmanaged
export class ControlMessage {
  request: u64; // ┐ the request's 24 bytes at most
  request1: u64;
  request2: u64; // ┘
  response: u32; // the header that the device writes
  requestBytes: u32;
  info: u32; // where a query's answer goes, 0 = none
  infoBytes: u32;
  answered: u32;
  abandoned: u32; // its sender has given up: a late answer frees it
  lost: u32; // its queue is gone, no answer will come
  sleeper: u32; // Task that sleeps until it is answered, 0 = none
}

/** Pieces follow the record. */
const PIECES: u32 = 3;
const RECORD_BYTES: u32 = offsetof<ControlMessage>() + PIECES * PIECE_BYTES;
const RESPONSE_BYTES: u32 = 4;

@inline
function messageAt(address: u32): ControlMessage {
  return changetype<ControlMessage>(address as usize);
}

@inline
function addressOfMessage(message: ControlMessage): u32 {
  return changetype<usize>(message) as u32;
}

/** A request of so many bytes, its code set and its response preset to an error; 0 when RAM is full. */
export function newRequest(code: u32, bytes: u32): u32 {
  const address = allocateBytes(RECORD_BYTES);
  if (address == 0) return 0;
  const message = messageAt(address);
  message.requestBytes = bytes;
  message.response = STATUS_IO_ERR;
  store<u32>(address, code);
  return address;
}

/** Sends a request, waits for its answer and forgets it: 0 or −errno. */
export function sendRequest(card: Card, address: u32): i32 {
  return address == 0 ? -ENOMEM : exchange(card, messageAt(address));
}

/** Sends a query whose answer of `bytes` goes to `info`. */
export function sendQuery(card: Card, address: u32, info: u32, bytes: u32): i32 {
  if (address == 0) return -ENOMEM;
  messageAt(address).info = info;
  messageAt(address).infoBytes = bytes;
  return exchange(card, messageAt(address));
}

/**
 * Sends a request in a call that may sleep: BLOCKED until it is answered or the time is up. Then the call is made
 * again, and comes here with nothing more to send.
 */
export function sendAndSleep(
  cpu: Cpu,
  card: Card,
  substream: Substream,
  call: u32,
  address: u32,
): i32 {
  if (address == 0) return -ENOMEM;
  if (cpu.task == 0) return sendRequest(card, address);
  const message = messageAt(address);
  const failed = send(card, message);
  if (failed != 0) return failed;
  if (message.answered) return conclude(message);
  const task = changetype<Task>(cpu.task as usize);
  message.sleeper = cpu.task;
  substream.waiting = address;
  sleepInDriver(task, streamOf(substream), call, card.timeout);
  return BLOCKED;
}

/** The outcome of the request that a call slept for. */
export function takeOutcome(substream: Substream): i32 {
  const message = messageAt(substream.waiting);
  substream.waiting = 0;
  message.sleeper = 0;
  return conclude(message);
}

/** The task that waited for it is gone; a late answer frees it. */
export function abandonRequest(substream: Substream): void {
  if (substream.waiting != 0) takeOutcome(substream);
}

function exchange(card: Card, message: ControlMessage): i32 {
  const failed = send(card, message);
  if (failed != 0) return failed;
  // the device had its chance within the kick: one that did not take it lets the time limit pass
  if (!message.answered) advanceClock(card.timeout);
  return conclude(message);
}

/** 0, or −errno with the message gone. */
function send(card: Card, message: ControlMessage): i32 {
  const queue = queueOf(card, QUEUE_CONTROL);
  const address = addressOfMessage(message);
  const pieces = address + offsetof<ControlMessage>();
  const total: u32 = message.info != 0 ? 3 : 2;
  layPiece(pieces, 0, address, message.requestBytes);
  layPiece(pieces, 1, address + offsetof<ControlMessage>("response"), RESPONSE_BYTES);
  if (message.info != 0) layPiece(pieces, 2, message.info, message.infoBytes);
  const writable = closePieces(pieces, 1, total);
  lockQueue(queue);
  const failed = addMessage(queue, pieces, 1, total, writable, address);
  unlockQueue(queue);
  if (failed != 0) freeBytes(address, RECORD_BYTES);
  else if (isApart(card)) kickAndAwait(card, queue);
  else kick(queue);
  return failed;
}

/** What an answer means. Without one the request stays with the device. */
function conclude(message: ControlMessage): i32 {
  if (!message.answered && !message.lost) {
    message.abandoned = 1;
    return -ETIMEDOUT;
  }
  const result = message.lost ? -ETIMEDOUT : resultOf(message.response);
  freeBytes(addressOfMessage(message), RECORD_BYTES);
  return result;
}

function resultOf(response: u32): i32 {
  switch (response) {
    case STATUS_OK:
      return 0;
    case STATUS_NOT_SUPP:
      return -EOPNOTSUPP;
    case STATUS_IO_ERR:
      return -EIO;
    default:
      return -EINVAL;
  }
}

/** The queue goes: requests that nobody waits for go with it, others with whoever waits. */
export function forgetRequests(queue: Virtqueue): void {
  for (let entry: u32 = 0; entry < queue.entries; entry++) {
    const address = pendingToken(queue, entry);
    if (address == 0) continue;
    const message = messageAt(address);
    if (message.abandoned) freeBytes(address, RECORD_BYTES);
    else message.lost = 1;
  }
}

/** Takes what the device answered. The length that it wrote is not looked at. */
export function takeAnswers(queue: Virtqueue): void {
  for (let address = takeMessage(queue); address != 0; address = takeMessage(queue)) {
    const message = messageAt(address);
    message.answered = 1;
    if (message.sleeper != 0) changetype<Task>(message.sleeper as usize).woken = 1;
    if (message.abandoned) freeBytes(address, RECORD_BYTES);
  }
}
