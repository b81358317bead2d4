/** How the traces of virtio-snd write a queue's rings. */

import type { ChainView, QueueView } from "../../systems/virtio/rings.ts";
import type { Recorded } from "./steps.ts";
import { contentText, pieceTexts } from "./text.ts";

/** So many entries of a ring or table are shown. */
const MOST_SHOWN = 64;

/** What a `look` answers. */
export function viewAnswer(view: QueueView, merged: boolean): Recorded {
  const chains = view.chains.map((chain) => chainAnswer(chain, merged));
  return {
    num: view.entries,
    taken: view.taken,
    waiting: view.chains.length,
    avail: {
      flags: view.availableFlags,
      idx: view.availableIndex,
      ring: untilZeros(view.availableRing, (head) => head === 0),
      used_event: view.usedEvent,
    },
    used: {
      flags: view.usedFlags,
      idx: view.usedIndex,
      ring: untilZeros(view.usedRing, (entry) => entry.every((value) => value === 0)),
      avail_event: view.availableEvent,
    },
    table: untilZeros(view.table, (row) => row.every((value) => value === 0)),
    ...(chains.length > 0 && { chains }),
  };
}

/** The shown entries without the zeros at their end. */
function untilZeros<Entry>(entries: readonly Entry[], isZero: (entry: Entry) => boolean): Entry[] {
  const shown = entries.slice(0, MOST_SHOWN);
  const last = shown.findLastIndex((entry) => !isZero(entry));
  return shown.slice(0, last + 1);
}

function chainAnswer(chain: ChainView, merged: boolean): Recorded {
  const hasData = chain.pieces.some(({ name }) => name === "xfer");
  return {
    head: chain.head,
    indirect: chain.indirect ? 1 : 0,
    entries: chain.entries,
    descs: pieceTexts(chain.pieces, merged),
    ...(hasData && { data: contentText(chain.content) }),
  };
}
