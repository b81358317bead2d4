import { describe, expect, test } from "vitest";
import { kindsOf } from "../../machine/pool.ts";
import { RING, run, virtioBed, write, type VirtioBed } from "./bed.ts";

const EBADFD = 77;
const ETIMEDOUT = 110;

/** Messages that the device keeps although it answered RELEASE. */
describe.each(["mmap", "ack"] as const)("%s", (design) => {
  async function stopped(): Promise<VirtioBed> {
    const bed = await virtioBed({
      design,
      device: { guards: true, rules: [{ request: "RELEASE", keep: -1 }] },
      software: { startThreshold: RING },
    });
    write(bed, run(1, RING));
    bed.stream.drop();
    return bed;
  }

  test("PREPARE fails, and so does a new open", async () => {
    const { stream, card, task } = await stopped();
    expect(stream.prepare()).toBe(-EBADFD);
    stream.close();
    expect(card.openStream(task, 0)).toBe(-ETIMEDOUT);
  });

  test("HW_FREE frees the ring under the device: it finds other bytes", async () => {
    const { stream, card, machine } = await stopped();
    expect(stream.hwFree()).toBe(0);
    card.look();
    expect(new Set(kindsOf(machine))).toEqual(new Set(["virtio-store"]));
  });
});
