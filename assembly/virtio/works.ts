import { loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { periodElapsed } from "../pcm/pointer";
import { Stream, lockStream, tryLockStream, unlockStream } from "../pcm/runtime";
import { apartOf, callDriver, isApart, lineOf } from "./apart";
import { Card, Substream, cardAt, streamOf, substreamById } from "./card";
import { waitAmid } from "./interrupts";

/** The scheduled period notifications (virtsnd_pcm_period_elapsed): one a stream, whatever came back meanwhile. */

function nextWork(card: Card): u32 {
  let found: u32 = 0;
  let first: u32 = u32.MAX_VALUE;
  for (let id: u32 = 0; id < card.substreamCount; id++) {
    const substream = substreamById(card, id);
    if (substream.work == 0 || substream.work >= first) continue;
    first = substream.work;
    found = changetype<usize>(substream) as u32;
  }
  return found;
}

@inline
function workOf(substream: Substream): usize {
  return changetype<usize>(substream) + offsetof<Substream>("work");
}

/** The stream's notification is due, if it is not already. */
export function scheduleWork(substream: Substream): void {
  const card = cardAt(substream.card);
  if (loadShared(workOf(substream)) == 0) storeShared(workOf(substream), ++card.worksScheduled);
  if (isApart(card)) callDriver(card);
}

/** Whoever has the lock may wait for an answer of the device, which comes as an interrupt to this CPU. */
function lockAmid(card: Card, stream: Stream): void {
  const line = lineOf(apartOf(card));
  while (!tryLockStream(stream)) waitAmid(card, line, loadShared(line));
}

/** Runs them in the order in which they were scheduled, and those that they schedule. */
export function runWorks(cpu: Cpu, card: Card): void {
  for (let at = nextWork(card); at != 0; at = nextWork(card)) {
    const substream = changetype<Substream>(at as usize);
    storeShared(workOf(substream), 0);
    if (substream.stream != 0) notifyPeriod(cpu, card, substream);
  }
}

function notifyPeriod(cpu: Cpu, card: Card, substream: Substream): void {
  const stream = streamOf(substream);
  if (isApart(card)) lockAmid(card, stream);
  else lockStream(stream);
  periodElapsed(cpu, stream);
  unlockStream(stream);
}
