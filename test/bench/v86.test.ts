import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COPY_SIZES, PAGE_COUNTS } from "../../bench/cells.ts";
import type { CellId } from "../../bench/cells.ts";
import { CONTROL_SIZE, STATUS_SIZE, STRUCT_SHIFT, STRUCTS } from "../../bench/compatLayout.ts";
import type { Peer } from "../../bench/peer.ts";
import { createLimitPeer } from "../../bench/peers/limit.ts";
import type { LimitPeer } from "../../bench/peers/limit.ts";
import { createV86Peer } from "../../bench/peers/v86.ts";
import type { V86Peer } from "../../bench/peers/v86.ts";
import { Assembler, at, EAX, EBX, ESI, ESP, from } from "../../bench/peers/v86/assembler.ts";

const POISON = 0xa5;
const READS = 20_000;
const RUNS = 3 * STRUCTS + 5;
/** Nine words; the copies also write the hole of the status image, with zeros. */
const FIELD_BYTES = 36;
const IMAGE_BYTES = STATUS_SIZE + CONTROL_SIZE;

let v86: V86Peer;
let limit: LimitPeer;

beforeAll(async () => {
  v86 = await createV86Peer();
  limit = await createLimitPeer();
});

afterAll(() => v86.close?.());

async function run(peer: Peer, id: CellId, n: number): Promise<number> {
  const work = peer.works.get(id);
  if (work?.kind === "loop") return work.run(n);
  if (work?.kind !== "timed") throw new Error(`${peer.name} does not repeat ${id}`);
  await work.before?.();
  const { checksum } = await work.run(n);
  await work.after?.();
  return checksum;
}

describe("the guest does in v86 what the limit does", () => {
  test.each<CellId>(["W1.a", "W1.b", "W1.c"])(
    "%s stores the same at the same places",
    async (id) => {
      for (const peer of [limit, v86]) peer.fillStructs(POISON);
      await run(limit, id, RUNS);
      expect(await run(v86, id, RUNS)).toBe(0);
      expect(v86.structs()).toEqual(limit.structs());
      const touched = v86.structs().filter((byte) => byte !== POISON).length;
      expect(touched).toBe(STRUCTS * (id === "W1.c" ? IMAGE_BYTES : FIELD_BYTES));
    },
  );

  test.each(Object.entries(COPY_SIZES))("W2.%s copies all bytes", async (variant, size) => {
    const source = new Uint8Array(randomBytes(size));
    v86.setCopySource(source);
    expect(await run(v86, `W2.${variant}`, 1)).toBe(0);
    expect(Buffer.compare(v86.copied(size), source)).toBe(0);
  });

  test.each(Object.keys(PAGE_COUNTS))("W5.%s reads the same", async (variant) => {
    const sum = (await run(limit, `W5.${variant}`, READS)) | 0;
    expect(sum).not.toBe(0);
    expect(await run(v86, `W5.${variant}`, READS)).toBe(sum);
    expect(await run(v86, `W5.${variant}-tlb`, READS)).toBe(sum);
  });

  test("a flush leaves everything where it was", async () => {
    const before = v86.structs();
    expect(await run(v86, "W5.flush", 10)).toBe(0);
    expect(v86.structs()).toEqual(before);
    expect(before.length).toBe(STRUCTS << STRUCT_SHIFT);
  });

  test("every difference from the work of a cell is told", () => {
    const cells = [...v86.works.keys()].filter((id) => !id.endsWith("-tlb"));
    expect(cells.filter((id) => !v86.notes!.has(id))).toEqual(["W6.process"]);
  });
});

describe("the assembler", () => {
  /** Encodings as GNU as gives them, but for the size of constants, which is always 32 bits here. */
  test.each<[string, (code: Assembler) => void, number[]]>([
    ["mov eax, [esi+8]", (code) => code.load(EAX, from(ESI, 8)), [0x8b, 0x86, 8, 0, 0, 0]],
    ["mov [0x1234], ebx", (code) => code.store(at(0x1234), EBX), [0x89, 0x1d, 0x34, 0x12, 0, 0]],
    [
      "lock or dword [0x1234], 1",
      (code) => code.lockedOperate("or", at(0x1234), 1),
      [0xf0, 0x81, 0x0d, 0x34, 0x12, 0, 0, 1, 0, 0, 0],
    ],
    ["cmp eax, ebx", (code) => code.operate("cmp", EAX, EBX), [0x39, 0xd8]],
    ["invlpg [esi+0]", (code) => code.dropPage(from(ESI, 0)), [0x0f, 0x01, 0xbe, 0, 0, 0, 0]],
  ])("%s", (_, write, bytes) => {
    const code = new Assembler(0);
    write(code);
    expect([...code.finish()]).toEqual(bytes);
  });

  test("jumps lead to their labels, forwards and backwards", () => {
    const code = new Assembler(0x1000);
    code.label("start");
    code.jump("end");
    code.jumpIf("notEqual", "start");
    code.label("end");
    code.return();
    const expected = [0xe9, 6, 0, 0, 0, 0x0f, 0x85, 0xf5, 0xff, 0xff, 0xff, 0xc3];
    expect([...code.finish()]).toEqual(expected);
    expect(code.address("end")).toBe(0x100b);
  });

  test("mistakes are named", () => {
    const code = new Assembler(0x1000);
    code.label("once");
    expect(() => code.label("once")).toThrow(/once/);
    expect(() => code.skipTo(0xfff)).toThrow(/past/);
    expect(() => from(ESP, 0)).toThrow(/esp/);
    code.jump("nowhere");
    expect(() => code.finish()).toThrow(/nowhere/);
  });
});
