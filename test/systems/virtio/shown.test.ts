import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What the discussion claims, and what each rule of the driver asks for: the test that shows it, by its beginning. */
const shown: readonly (readonly [claim: string, file: string, name: string])[] = [
  ["old content at exposure", "schedule", "I1: at a start with one period"],
  ["one ring late", "schedule", "I2: for ever one ring late"],
  ["unnoticed where it reads late", "schedule", "I3: unheard"],
  ["a torn period", "schedule", "I4: a period half"],
  ["exposed after the store", "schedule", "%s, read at %s, writes of %i"],
  ["R needs whole periods", "schedule", "R: wrong as soon as"],
  ["the user writes any size", "driver", "what a transfer moves is the least"],
  ["granularity: frames", "claims", "any value where the position counts frames"],
  ["granularity: ticks", "claims", "multiples of a tick"],
  ["ack: commit", "claims", "a commit after stores"],
  ["ack: forward", "claims", "a step forward"],
  ["ack: write", "claims", "a write"],
  ["ack: no control record", "claims", "so that %s maps its control record"],
  ["no mmap in R", "designCopy", "cannot be mapped"],
  ["capture, eager: not what was captured", "schedule", "I5: %s gives the eager device"],
  ["capture, lazy: clean", "schedule", "%s with a lazy device"],
  ["capture goes back unread", "corrected", "F2: a captured period"],
  ["the difference over the boundary", "versions", "over the end of a 32-bit program's"],
  ["stores into exposed bytes: A", "guards", "A, writes of %i: in every run"],
  ["stores into exposed bytes: F", "guards", "F, writes of %i: never"],
  ["stores into exposed bytes: R", "guards", "R, writes of a quarter period"],
  ["layout of a queue of 8", "rings", "a queue of 8: table of 128 bytes"],
  ["indexes go round", "wrap", "%s, Q = %i"],
  ["the chain of a message", "rings", "a message of %s over a ring of two pieces"],
  ["never half exposed", "guards", "in the study build the device looks"],
  ["polling", "driver", "polling: no kick"],
  ["R: 25 bytes a write", "designCopy", "writes of a quarter period use all"],
  ["R: 400 bytes", "designCopy", "a write of the whole ring exposes one"],
  ["R: 150 bytes", "designCopy", "three writes of one and a half"],
  ["R: drain", "designCopy", "a drain of two and a quarter"],
  ["F: quarters gather", "driver", "F: quarters gather"],
  ["F: 250 at 350", "driver", "F: 250 bytes at 350"],
  ...["F1", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10"].map(
    (point) => [point, "corrected", `${point}: `] as const,
  ),
  ["xrun event", "driver", "an xrun event while it runs"],
  ["captured length", "driver", "a captured message of used length"],
  ["latency", "driver", "latency is delay"],
  ["error status counts as played", "driver", "an I/O message that comes back"],
  ["START answered badly", "driver", "START answered %o gives %i"],
  ["a kept message: HW_PARAMS", "claims", "a second HW_PARAMS while"],
  ["a kept message: PREPARE, open", "keptMessages", "PREPARE fails, and so does a new open"],
  ["a ring freed under the device", "keptMessages", "HW_FREE frees the ring under"],
  ["rewind: F", "driver", "F refuses to rewind"],
  ["rewind: A", "guards", "a rewind on A lets"],
  ["appl_ptr by 250 at once", "driver", "F: appl_ptr moved by 250"],
  ["two completions", "driver", "two completions before"],
];

test.each(shown)("%s: %s", (_, file, name) => {
  const source = readFileSync(`test/systems/virtio/${file}.test.ts`, "utf8");
  expect(source.includes(`"${name}`)).toBe(true);
});
