import { cardAt, substreamById } from "./card";
import { Chain, beginChain, nextPiece, readableWord, storeWritable } from "./chain";
import { DeviceQueue, HELD_ROOM, SoundDevice, chainOf, deviceQueue, journalOf } from "./device";
import { takeMessages } from "./deviceIntake";
import { considerInterrupt, returnEntry } from "./deviceRings";
import { releaseMessages, streamQueueNumber } from "./deviceStream";
import {
  JOURNAL_ANSWER,
  JOURNAL_HOLD,
  JOURNAL_REQUEST,
  JournalPiece,
  PIECE_INFO,
  PIECE_REQUEST,
  PIECE_RESPONSE,
  addContent,
  addPiece,
  beginRecord,
  noteValues,
  recordAt,
} from "./journal";
import {
  QUEUE_CONTROL,
  REQUEST_CHMAP_INFO,
  REQUEST_JACK_INFO,
  REQUEST_PCM_INFO,
  REQUEST_RELEASE,
  STATUS_OK,
} from "./numbers";
import { HOLD_NOT, Held, Rule } from "./rule";

/** Control requests at the device. */

/** Of a response, before what a query asked for. */
const HEADER_BYTES: u32 = 4;

@inline
function ruleAt(device: SoundDevice, index: u32): Rule {
  return changetype<Rule>((device.rules as usize) + index * offsetof<Rule>());
}

@inline
function heldAt(device: SoundDevice, index: u32): Held {
  return changetype<Held>((device.held as usize) + index * offsetof<Held>());
}

/** Room for one more rule, 0 when there is none. */
export function newRule(device: SoundDevice): u32 {
  if (device.ruleCount == device.ruleRoom) return 0;
  device.ruleCount += 1;
  return changetype<usize>(ruleAt(device, device.ruleCount - 1)) as u32;
}

/** The rule for a request of this code, 0 where none applies. Counts it. */
function ruleFor(device: SoundDevice, request: u32): u32 {
  for (let index: u32 = 0; index < device.ruleCount; index++) {
    const rule = ruleAt(device, index);
    if (rule.request != request || rule.times == 0) continue;
    if (rule.skip != 0) {
      rule.skip -= 1;
      continue;
    }
    if (rule.times > 0) rule.times -= 1;
    return changetype<usize>(rule) as u32;
  }
  return 0;
}

/** Reads a request, and answers it or lets it wait. */
export function receiveRequest(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  noteRequest(device, queue, head);
  const code = requestWord(device, queue, head, 0);
  const address = ruleFor(device, code);
  if (address == 0) {
    answer(device, queue, head, code, STATUS_OK, -1, 0);
    return;
  }
  const rule = changetype<Rule>(address as usize);
  if (rule.hold != HOLD_NOT) hold(device, head, code, rule.hold);
  else answer(device, queue, head, code, rule.status, rule.usedLength, rule.keep);
}

function requestWord(device: SoundDevice, queue: DeviceQueue, head: u32, index: u32): u32 {
  return readableWord(chainOf(device), queue, head, index << 2);
}

function hold(device: SoundDevice, head: u32, code: u32, how: u32): void {
  noteValues(journalOf(device), JOURNAL_HOLD, QUEUE_CONTROL, code, how);
  if (device.heldCount == HELD_ROOM) return;
  const held = heldAt(device, device.heldCount);
  held.head = head;
  held.request = code;
  device.heldCount += 1;
}

/** Answers the oldest request that waits; false where none does. */
export function answerHeld(device: SoundDevice, status: u32): bool {
  if (device.heldCount == 0) return false;
  const held = heldAt(device, 0);
  const head = held.head;
  const code = held.request;
  device.heldCount -= 1;
  memory.copy(
    changetype<usize>(held),
    changetype<usize>(heldAt(device, 1)),
    device.heldCount * offsetof<Held>(),
  );
  answer(device, deviceQueue(device, QUEUE_CONTROL), head, code, status, -1, 0);
  return true;
}

function answer(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  code: u32,
  status: u32,
  usedLength: i32,
  keep: i32,
): void {
  if (code == REQUEST_RELEASE) release(device, requestWord(device, queue, head, 1), keep);
  const written = writeAnswer(device, queue, head, code, status);
  const length = usedLength < 0 ? written : (usedLength as u32);
  returnEntry(queue, head, length);
  noteAnswer(device, queue, head, code, length, written);
  considerInterrupt(device, queue);
}

/** The stream's queue is looked at before its messages are returned. */
function release(device: SoundDevice, streamId: u32, keep: i32): void {
  const card = cardAt(device.card);
  if (streamId >= card.substreamCount) return;
  const queue = deviceQueue(device, streamQueueNumber(substreamById(card, streamId).direction));
  takeMessages(device, queue);
  releaseMessages(device, queue, streamId, keep);
}

/** The header, and what a query asked for where that went well; bytes written. */
function writeAnswer(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  code: u32,
  status: u32,
): u32 {
  const chain = chainOf(device);
  chain.word = status;
  const header = changetype<usize>(chain) + offsetof<Chain>("word");
  const written = storeWritable(chain, queue, head, 0, header, HEADER_BYTES);
  const info = status == STATUS_OK ? infoOf(device, code) : 0;
  const first = (requestWord(device, queue, head, 1) as u64) * requestWord(device, queue, head, 3);
  const known: u64 = infoBytesOf(device, code);
  if (info == 0 || first >= known) return written;
  const rest = (known - first) as u32;
  return written + storeWritable(chain, queue, head, HEADER_BYTES, info + (first as u32), rest);
}

function infoOf(device: SoundDevice, code: u32): u32 {
  if (code == REQUEST_JACK_INFO) return device.jackInfo;
  if (code == REQUEST_PCM_INFO) return device.pcmInfo;
  return code == REQUEST_CHMAP_INFO ? device.mapInfo : 0;
}

function infoBytesOf(device: SoundDevice, code: u32): u32 {
  if (code == REQUEST_JACK_INFO) return device.jackBytes;
  return code == REQUEST_PCM_INFO ? device.pcmBytes : device.mapBytes;
}

/** Pieces of a control message by their place: request, response header, a query's answer. */
function pieceName(index: u32): u32 {
  if (index == 0) return PIECE_REQUEST;
  return index == 1 ? PIECE_RESPONSE : PIECE_INFO;
}

function noteRequest(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  const chain = chainOf(device);
  let pieces: u64 = 0;
  let bytes: u64 = 0;
  beginChain(chain, queue, head);
  for (; nextPiece(chain); pieces++) if (!chain.writable) bytes += chain.length;
  const grow = pieces * offsetof<JournalPiece>() + bytes;
  const address = beginRecord(journalOf(device), JOURNAL_REQUEST, queue.number, head, grow);
  if (address == 0) return;
  const record = recordAt(address);
  record.first = chain.indirect;
  beginChain(chain, queue, head);
  for (let index: u32 = 0; nextPiece(chain); index++) {
    addPiece(record, pieceName(index), 0, chain.length, chain.writable);
  }
  beginChain(chain, queue, head);
  while (nextPiece(chain)) {
    if (!chain.writable) addContent(record, chain.address, chain.length);
  }
}

function noteAnswer(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  code: u32,
  length: u32,
  written: u32,
): void {
  const address = beginRecord(journalOf(device), JOURNAL_ANSWER, queue.number, head, written);
  if (address == 0) return;
  const record = recordAt(address);
  record.first = code;
  record.second = length;
  const chain = chainOf(device);
  let left = written;
  beginChain(chain, queue, head);
  while (nextPiece(chain) && left != 0) {
    if (!chain.writable) continue;
    const part = min(left, chain.length);
    addContent(record, chain.address, part);
    left -= part;
  }
}
