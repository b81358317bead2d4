import type { MemoryLayout } from "../layouts/index.ts";
import type { RemoteClaim, RemotePath } from "../machine/remotePath.ts";
import type { RemoteAccess } from "../systems/remote/counts.ts";
import type { RemoteBed, RemoteScenarioName } from "./remoteBed.ts";

/** What one call came to. */
export interface RemoteOutcome {
  readonly path: RemotePath;
  readonly access: RemoteAccess;
  /** What it moved, as far as its result says. */
  readonly bytes: Uint8Array;
  /** Which mistake of version 1 is one that can show here. */
  readonly mistake: RemoteClaim;
}

/** How a call came out otherwise than on the slow path. */
export interface RemoteDifference {
  /** In its result, or, with the same result, in the bytes that it moved. */
  readonly what: "result" | "bytes";
  /** What the slow path answers. */
  readonly slow: number;
  /** The mistake of version 1 that it is; null: it is none that is known. */
  readonly claim: RemoteClaim | null;
}

/** Makes the call. */
export function outcomeOf(
  scenario: RemoteScenarioName,
  layout: MemoryLayout,
  path: RemotePath,
  bed: RemoteBed,
): RemoteOutcome {
  const access = bed.call();
  const bytes = bed.moved(Math.max(access.result, 0));
  const mistake = scenario === "cmdline" && hasFilePages(layout, bed) ? "D2" : "D1";
  return { path, access, bytes, mistake };
}

/** Whether something other than private anonymous memory lies in the part. */
function hasFilePages(layout: MemoryLayout, { at, length }: RemoteBed): boolean {
  return layout.areas.some(
    ({ kind, start, end }) =>
      start < at + length && at < end && !["anon", "stack", "hole"].includes(kind),
  );
}

/** Null where nothing differs. */
export function differenceOf(outcome: RemoteOutcome, slow: RemoteOutcome): RemoteDifference | null {
  const what = whatDiffers(outcome, slow);
  if (what === null) return null;
  return { what, slow: slow.access.result, claim: claimOf(outcome, slow) };
}

function whatDiffers(outcome: RemoteOutcome, slow: RemoteOutcome): "result" | "bytes" | null {
  if (outcome.access.result !== slow.access.result) return "result";
  return outcome.bytes.every((byte, index) => byte === slow.bytes[index]) ? null : "bytes";
}

/** Bytes that the slow path has are lost by D1 alone; file pages are shown by D2. */
function claimOf({ path, bytes, mistake }: RemoteOutcome, slow: RemoteOutcome): RemoteClaim | null {
  if (path !== "fast-v1") return null;
  return mistake === "D2" || bytes.length < slow.bytes.length ? mistake : null;
}
