import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { ReplayReport } from "../../src/conformance/base/report.ts";
import { replayText } from "../../src/report/replay.ts";

/** The replays whose output docs/recordings.md has; each is compared with a replay that a test makes anyway. */
export const documentedReplays = [
  "replay test/golden/futex",
  "replay test/golden/pcm",
  "replay test/golden/perf-regs",
  "replay test/golden/remote-vm --path fast-v1",
  "replay test/golden/virtio-snd",
] as const;

const document = fileURLToPath(new URL("../../docs/recordings.md", import.meta.url));

/** Fails unless the document has the report as the command would print it. */
export function expectDocumented(
  line: (typeof documentedReplays)[number],
  report: ReplayReport,
): void {
  const text = readFileSync(document, "utf8");
  const [, shown] = text.split(`$ npx faultline ${line}\n`);
  expect(shown?.split("\n```")[0]).toBe(replayText(report).trimEnd());
}
