import { Cpu } from "../machine/cpu";
import { periodElapsed } from "../pcm/pointer";
import { lockStream, unlockStream } from "../pcm/runtime";
import { Card, Substream, cardAt, streamOf, substreamById } from "./card";

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

/** The stream's notification is due, if it is not already. */
export function scheduleWork(substream: Substream): void {
  if (substream.work == 0) substream.work = ++cardAt(substream.card).worksScheduled;
}

/** Runs them in the order in which they were scheduled, and those that they schedule. */
export function runWorks(cpu: Cpu, card: Card): void {
  for (let at = nextWork(card); at != 0; at = nextWork(card)) {
    const substream = changetype<Substream>(at as usize);
    substream.work = 0;
    if (substream.stream != 0) notifyPeriod(cpu, substream);
  }
}

function notifyPeriod(cpu: Cpu, substream: Substream): void {
  const stream = streamOf(substream);
  lockStream(stream);
  periodElapsed(cpu, stream);
  unlockStream(stream);
}
