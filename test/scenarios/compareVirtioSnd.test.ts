import { beforeAll, describe, expect, test } from "vitest";
import {
  compareVirtioSnd,
  type VirtioSndComparison,
  type VirtioSndDesign,
  type VirtioSndProgram,
} from "../../src/index.ts";

/** What compare virtio-snd says, held to the discussion: who plays what was not written, and what was found besides. */

let compared: VirtioSndComparison;
beforeAll(async () => void (compared = await compareVirtioSnd()));

/** "wrong/played" with the eager, the lazy and the late device, by size. */
function wrong(program: VirtioSndProgram, design: VirtioSndDesign): string[] {
  return compared.rows
    .filter((row) => row.program === program && row.design === design)
    .map(({ outcomes }) => outcomes.map((one) => `${one.wrong}/${one.played}`).join(" "));
}

const right = Array.from({ length: 4 }, () => "0/8 0/8 0/8");

describe("wrong periods, in transfers of 25, 100, 150 and 400", () => {
  test("A: with the eager device, and unnoticed with the others", () => {
    expect(wrong("full ring", "mmap")).toEqual(right.map(() => "4/8 0/8 0/8"));
    expect(wrong("capture", "mmap")).toEqual(right.map(() => "8/8 0/8 0/8"));
    expect(wrong("first frame", "mmap")[1]).toBe("7/8 0/8 0/8");
  });

  test("R: none with whole periods; otherwise wrong, refused, or some never played", () => {
    expect(wrong("full ring", "copy")[1]).toBe("0/8 0/8 0/8");
    expect(wrong("first frame", "copy")).toEqual([
      "1/1 1/1 0/1",
      "0/8 0/8 0/8",
      "0/7 0/7 0/7",
      "0/5 0/5 0/5",
    ]);
  });

  test.each(["ack", "corrected"] as const)("%s: none in playback", (design) => {
    expect(wrong("full ring", design)).toEqual(right);
    expect(wrong("first frame", design)).toEqual(right);
  });

  test("F exposes captured periods before they are read, the corrected design after", () => {
    expect(wrong("capture", "ack")).toEqual(right.map(() => "8/8 0/8 0/8"));
    expect(wrong("capture", "corrected")).toEqual(right);
  });

  test("stores into exposed bytes: in A and in R, never in F", () => {
    const found = compared.rows.filter(({ findings }) => findings.includes("virtio-store"));
    expect(new Set(found.map(({ design }) => design))).toEqual(new Set(["mmap", "copy"]));
  });
});

test.each([
  ["R1", "copy", "25 25 25 25 -EFAULT -EFAULT, queue 0 1 2 3"],
  ["R1", "ack", "25 25 25 25 25 25, queue 0"],
  ["R2", "copy", "400, queue 0, played 100"],
  ["R3", "copy", "150 150 100, queue 0 1 2"],
  ["R4", "copy", "225, drain -EIO, played 100"],
  ["R5", "copy", "25, queue 1 2 3 0"],
  ["R6", "copy", "queue 2 3 0 1"],
  ["R7", "copy", "25 of 2 + 75 of old memory, played 200"],
  ["R8", "copy", "-EINVAL"],
  ["R8", "ack", "0"],
  ["F1", "ack", "RUNNING"],
  ["F1", "corrected", "XRUN"],
  ["F2", "ack", "queue 1 2 3 0, got fill 5"],
  ["F2", "corrected", "queue 1 2 3, got fill 1"],
  ["F3", "ack", "queue 1 2 3, played 300"],
  ["F3", "corrected", "queue 0 1 2 3, played 400"],
  ["F4", "ack", "25 25 25 25 25, drain -EIO, played 100"],
  ["F4", "corrected", "25 25 25 25 25, drain 0, played 125"],
  ["F5", "ack", "RUNNING, queue empty, next -EAGAIN"],
  ["F5", "corrected", "XRUN, queue empty, next -EPIPE"],
  ["F6", "ack", "100 100 100 100, then queue empty"],
  ["F6", "corrected", "100 100 100 100, then queue 2 3"],
  ["F7", "ack", "hw_ptr 300"],
  ["F7", "corrected", "hw_ptr 200"],
  ["F8", "ack", "RESET 0, -EPIPE, next holds 5"],
  ["F8", "corrected", "RESET -EBUSY, 100, next holds 2"],
  ["F9", "ack", "RUNNING, queue empty"],
  ["F9", "corrected", "XRUN, queue empty"],
  ["F10", "ack", "nothing"],
  ["F10", "corrected", "50 of 2 + 50 of silence"],
  ["I4", "mmap", "rewind 400, 100, heard 50 of 1 + 50 of 5"],
  ["I4", "ack", "rewind 0, -EAGAIN, heard 100 of 1"],
  ["I4", "corrected", "rewind 0, -EAGAIN, heard 100 of 1"],
  ["S1", "copy", "25, bytes are 0, queue 0"],
  ["S1", "ack", "25, bytes are 128, queue empty"],
  ["S1", "corrected", "25, bytes are 128, queue empty"],
  ["S2", "copy", "0, 1 pages lost"],
  ["S2", "corrected", "0, 0 pages lost"],
  ["S3", "mmap", "0, the device has 4, virtio-store"],
  ["S3", "ack", "0, the device has 4, virtio-store"],
  ["S3", "corrected", "0, the device has 4, virtio-store"],
  ["S4", "ack", "120: 60 of 1 + 40 of silence + 20 of 2"],
  ["S4", "corrected", "200: 60 of 1 + 40 of silence + 60 of 2 + 40 of silence"],
  ["S5", "mmap", "played 100, 100, virtio-reuse virtio-store"],
  ["S5", "ack", "played 100, 100, virtio-store"],
  ["S5", "corrected", "played 0, -EAGAIN, nothing found"],
] as const)("%s in %s", (name, design, outcome) => {
  expect(compared.points.find((point) => point.name === name)!.outcomes[design]).toBe(outcome);
});
