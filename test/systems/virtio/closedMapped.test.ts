import { describe, expect, test } from "vitest";
import type { BuildName } from "../../../src/index.ts";
import type { VirtioSnd } from "../../../src/systems/virtio/virtioSnd.ts";
import { kindsOf } from "../../machine/pool.ts";
import { RING, errnos, virtioBed } from "./bed.ts";

/** A file of the sound card that is closed while its ring is mapped: the device is told with the last mapping. */

const AT = 0x4000_0000;
const PAGE = 4096;
const builds = ["release", "study", "profile", "threads"] as const satisfies readonly BuildName[];

/** What the device answered since the last question, in order. */
function requestsOf(card: VirtioSnd): string[] {
  return card.takeEvents().flatMap((event) => (event.kind === "answer" ? [event.request] : []));
}

describe.each(builds)("on the %s build", (build) => {
  test.each(["mmap", "ack"] as const)("%s: STOP and RELEASE go out with munmap", async (design) => {
    const { machine, task, card, stream } = await virtioBed({ design, build, access: 0 });
    expect(stream.mmap("ring", AT, PAGE, "rw")).toBe(0);
    expect([stream.forward(RING), stream.start()]).toEqual([RING, 0]);
    card.settle();
    expect(requestsOf(card)).toEqual(["START"]);
    stream.close();
    expect([requestsOf(card), stream.isReleased, stream.state]).toEqual([[], false, "RUNNING"]);
    expect(card.file(0)).toBe(stream);
    expect(card.open(task, 0)).toBe(-errnos.EBUSY);
    const [head] = card.waitingHeads("tx");
    expect(card.view("tx")!.chains.find((chain) => chain.head === head)!.content).not.toBeNull();

    task.unmap(AT, PAGE);
    expect([requestsOf(card), stream.isReleased]).toEqual([["STOP", "RELEASE"], true]);
    expect([card.file(0), kindsOf(machine)]).toEqual([undefined, []]);
    expect(typeof card.open(task, 0)).toBe("object");
  });
});
