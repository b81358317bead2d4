import { expect, test } from "vitest";
import { Machine } from "../../src/index.ts";
import { mutantCore, type Mutation } from "../support/mutant.ts";
import { VIRTIO_RAM, replayVirtio, virtioLines, type VirtioKind } from "./goldenVirtioSnd.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

interface BrokenRule {
  readonly rule: string;
  readonly mutation: Mutation;
  readonly kind: VirtioKind;
  /** What differs in some case. */
  readonly field: string;
}

const brokenRules: readonly BrokenRule[] = [
  {
    rule: "the other side is told when the index passes the place that it asked for, not before",
    mutation: { file: "virtio/vring.ts", find: "(now - event - 1)", replace: "(now - event)" },
    kind: "queue",
    field: "rings",
  },
  {
    rule: "the ack design exposes nothing of a playback before it is written",
    mutation: {
      file: "virtio/driver.ts",
      find: "if (substream.direction != CAPTURE) return 0;",
      replace: "",
    },
    kind: "playback",
    field: "log",
  },
  {
    rule: "an xrun that the device reports ends the stream in the mmap design",
    mutation: { file: "virtio/driver.ts", find: "substream.xrun ? NO_POSITION", replace: "false ? NO_POSITION" }, // prettier-ignore
    kind: "xrun",
    field: "delay",
  },
];

test.each(brokenRules)("$rule", async ({ mutation, kind, field }) => {
  const wasm = await mutantCore("release", [mutation]);
  const machine = await Machine.create({ memory: VIRTIO_RAM, wasm });
  const { failures } = replayVirtio(machine, virtioLines(kind));
  expect(failures.map((failure) => failure.field)).toContain(field);
});
