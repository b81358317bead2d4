/** How the traces of virtio-snd write contents, messages and what the device saw. */

import type { VirtioPiece, VirtioSndEvent } from "../../systems/virtio/journal.ts";

/** More runs of equal bytes than this are stated by a checksum. */
const MOST_RUNS = 12;
const GONE = "gone";

/** `"01*25 00*75"`, `"-"` for no bytes, `"fnv:…"` for many runs, `"gone"` where there is no ring. */
export function contentText(bytes: Uint8Array | null): string {
  if (bytes === null) return GONE;
  if (bytes.length === 0) return "-";
  const runs: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const start = at;
    while (at < bytes.length && bytes[at] === bytes[start]) at++;
    runs.push(`${bytes[start]!.toString(16).padStart(2, "0")}*${at - start}`);
    if (runs.length > MOST_RUNS) return `fnv:${fnv64(bytes)}`;
  }
  return runs.join(" ");
}

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime is 2^40 + this. */
const PRIME_LOW = 0x1b3;
const PRIME_SHIFT = 8;
const WORD = 2 ** 32;

/** The 64-bit FNV-1a checksum, as 16 hexadecimal digits. */
function fnv64(bytes: Uint8Array): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0;
    const product = low * PRIME_LOW;
    const carry = Math.floor(product / WORD);
    high = (Math.imul(high, PRIME_LOW) + carry + (low << PRIME_SHIFT)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function hexNumber(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** Numbers of 2^53 and more are text. */
export function plainNumber(value: bigint): number | string {
  return value < 2n ** 53n ? Number(value) : hexNumber(value);
}

/** A signed word of 64 bits, by the same rule. */
export function signedNumber(word: bigint): number | string {
  const value = BigInt.asIntN(64, word);
  if (value >= 0n) return plainNumber(value);
  const size = plainNumber(-value);
  return typeof size === "number" ? -size : `-${size}`;
}

/** Pieces by name; `merged` shows neighbours in the ring as one. */
export function pieceTexts(pieces: readonly VirtioPiece[], merged: boolean): string[] {
  return (merged ? mergePieces(pieces) : pieces).map(({ name, offset, length, writable }) => {
    const place = name === "dma" ? `dma+${offset}` : name;
    return `${place}:${length}${writable ? "w" : "r"}`;
  });
}

function mergePieces(pieces: readonly VirtioPiece[]): VirtioPiece[] {
  const merged: VirtioPiece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    const follows =
      last?.name === "dma" && piece.name === "dma" && last.offset + last.length === piece.offset;
    if (follows) merged[merged.length - 1] = { ...last, length: last.length + piece.length };
    else merged.push(piece);
  }
  return merged;
}

/** An entry of a step's log. */
export function logEntry(event: VirtioSndEvent, merged: boolean): unknown[] {
  switch (event.kind) {
    case "kick":
      return ["kick", event.queue];
    case "expose":
      return [
        ...["expose", event.queue, event.head, event.indirect ? 1 : 0],
        pieceTexts(event.pieces, merged),
        event.stream,
        contentText(event.content),
      ];
    case "request":
      return [
        ...["request", event.head, event.indirect ? 1 : 0],
        pieceTexts(event.pieces, merged),
        hexBytes(event.content),
      ];
    case "answer":
      return ["answer", event.request, event.usedLength, hexBytes(event.content)];
    case "hold":
      return ["hold", event.request, event.action];
    case "complete":
      return [
        ...["complete", event.queue, event.head],
        pieceTexts(event.pieces, merged),
        ...[hexNumber(event.status), event.latency, event.usedLength],
        contentText(event.content),
      ];
    default:
      return transportEntry(event);
  }
}

function transportEntry(
  event: Exclude<
    VirtioSndEvent,
    { readonly kind: "kick" | "expose" | "request" | "answer" | "hold" | "complete" }
  >,
): unknown[] {
  switch (event.kind) {
    case "interrupt":
      return ["interrupt", event.queue, event.wanted ? 1 : 0];
    case "event":
      return ["event", event.head, hexNumber(event.code), event.data];
    case "status":
      return ["status", event.value === "reset" ? "reset" : hexNumber(event.value)];
    case "features":
      return ["features", hexNumber(event.bits)];
    case "queue":
      return ["queue", event.queue, event.name, event.entries, event.available, event.used];
    case "queues-deleted":
      return ["queues_deleted"];
    case "config-read":
      return ["config_read", event.offset, event.bytes];
  }
}
