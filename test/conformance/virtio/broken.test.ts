import { test } from "vitest";
import { expectNoticed, type BrokenRule } from "../brokenRules.ts";
import { virtioRecordings, type VirtioKind } from "./recordings.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

const brokenRules: readonly BrokenRule<VirtioKind>[] = [
  {
    rule: "the other side is told when the index passes the place that it asked for, not before",
    mutation: { file: "virtio/vring.ts", find: "(now - event - 1)", replace: "(now - event)" },
    kind: "queue",
    field: "rings",
  },
  {
    rule: "the ack design exposes nothing of a playback before it is written",
    mutation: {
      file: "virtio/designAck.ts",
      find: "substream.direction == CAPTURE ? sendBytes",
      replace: "substream.bufferBytes != 0 ? sendBytes",
    },
    kind: "playback",
    field: "log",
  },
  {
    rule: "an xrun that the device reports ends the stream in the mmap design",
    mutation: { file: "virtio/designMmap.ts", find: "substream.xrun ? NO_POSITION", replace: "false ? NO_POSITION" }, // prettier-ignore
    kind: "xrun",
    field: "delay",
  },
];

test.each(brokenRules)("$rule", (rule) => expectNoticed(virtioRecordings, rule));
