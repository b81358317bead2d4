import { beforeAll, describe, expect, test } from "vitest";
import { Machine, VirtioSnd, type PcmStream } from "../../../src/index.ts";
import { kindsOf } from "../../machine/pool.ts";
import { mutantCore, type Mutation } from "../../support/mutant.ts";
import { configure, PERIOD, RING, run, SOUND } from "./bed.ts";

/**
 * A device that looks after every store of the driver's never sees a head whose descriptors are not complete (study
 * build: guards.test.ts). Here the driver has its steps in a wrong order, so that the device would see one.
 */

const ADD = "virtio/virtqueue.ts";

/** The index moves first, then the descriptors are filled. */
const indexFirst: readonly Mutation[] = [
  {
    file: ADD,
    find: "  const head = queue.freeHead;\n  if (table != 0)",
    replace: "  const head = queue.freeHead;\n  publish(queue, head);\n  if (table != 0)",
  },
  {
    file: ADD,
    find: "  publish(queue, head);\n  queue.added += 1;",
    replace: "  queue.added += 1;",
  },
];

describe("the index before the descriptors", () => {
  let wasm: Uint8Array;
  beforeAll(async () => {
    wasm = await mutantCore("study", indexFirst);
  }, 240_000);

  test.each([true, false])("indirect descriptors %s: a finding", async (indirect) => {
    const machine = await Machine.create({ build: "study", kernel: "6.12", memory: "4M", wasm });
    const task = machine.createTask();
    const sound = task.map({ at: SOUND, length: RING, populate: true });
    const card = VirtioSnd.plug(
      machine,
      {
        streams: [
          { nid: 0, features: 0, formats: 48n, rates: 130n, channels: [1, 2], direction: 0 },
        ],
        guards: true,
        indirect,
      },
      { design: "ack" },
    );
    const stream = card.openStream(task, 0, { nonblock: true }) as PcmStream;
    expect([configure(stream), stream.prepare()]).toEqual([0, 0]);
    sound.write(0, run(1, RING));
    expect(stream.writei(SOUND, 2 * PERIOD)).toBe(2 * PERIOD);
    expect(new Set(kindsOf(machine))).toContain("virtio-unfinished");
  });
});
