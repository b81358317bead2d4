import { expect, it } from "vitest";
import fc from "../support/properties.ts";
import type { Machine } from "../../src/index.ts";
import { callStruct, prepareStruct, type StructBed } from "../../src/scenarios/structBed.ts";
import { machineOf } from "../machine/pool.ts";
import { exampleNamed } from "./examples.ts";

/** The tables of moves are the host's; the core believes none of their numbers. */

const EINVAL = 22;
const EFAULT = 14;

async function bedOf(): Promise<{ machine: Machine; bed: StructBed; words: Uint32Array }> {
  const machine = await machineOf({ memory: "1M" });
  const bed = prepareStruct(machine, exampleNamed("fiemap"), "native64");
  const { bytes } = bed.call;
  return {
    machine,
    bed,
    words: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2),
  };
}

it("a call whose tables lead outside their buffer is refused, and nothing is moved", async () => {
  const { machine, bed, words } = await bedOf();
  const header = machine.constant("STRUCT_HEADER_BYTES") >>> 2;
  const first = header;
  const kernel = first + (machine.constant("MOVE_KERNEL") >>> 2);
  const length = first + (machine.constant("MOVE_LENGTH") >>> 2);
  const wrong: [number, number][] = [
    [1, 0xffffffff], // number of moves in a list
    [7, 5000],
    [kernel, bed.call.length - 3],
    [kernel, 0xfffffffc],
    [kernel, 32], // the tables themselves
    [length, 0],
    [length, 3], // no value has 3 bytes
    [length, 0xffffffff],
  ];
  for (const [at, value] of wrong) {
    const before = words[at]!;
    words[at] = value;
    expect(callStruct(bed, "per-field"), `word ${at} = ${value}`).toBe(-EINVAL);
    words[at] = before;
  }
  expect(callStruct(bed, "per-field")).toBe(0);
});

it("what is no kernel buffer holds no tables", async () => {
  const { machine, bed } = await bedOf();
  for (const address of [0, 4, 0xffffffff, bed.call.linear + bed.call.length]) {
    expect(machine.exports.structCall(0, address, 0x10000000, 0, 0)).toBe(-EINVAL);
  }
});

it("no table traps, whatever it holds", async () => {
  const { machine, bed, words } = await bedOf();
  const number = fc.oneof(fc.nat(64), fc.nat(5000), fc.integer({ min: 0, max: 0xffffffff }));
  const run = fc.property(
    fc.array(fc.tuple(fc.nat(120), number), { minLength: 1, maxLength: 12 }),
    fc.nat(2),
    (changes, strategy) => {
      const before = words.slice();
      for (const [at, value] of changes) words[at] = value;
      const result = machine.exports.structCall(0, bed.call.linear, 0x10000000, 0, strategy);
      words.set(before);
      expect([0, -EFAULT, -EINVAL]).toContain(result);
    },
  );
  fc.assert(run, { numRuns: 2000 });
});
