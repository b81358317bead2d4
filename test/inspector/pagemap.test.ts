import { describe, expect, test } from "vitest";
import { memoryText, pagemapOf, UsageError } from "../../src/index.ts";
import { pfnOf } from "../machine/frames.ts";
import { PAGE } from "../machine/pool.ts";
import { AT, built } from "./spaces.ts";

const GIB = 2 ** 30;

describe("the bits of a page:", () => {
  test.each([
    ["rw anon", 0n],
    ["rw anon touched=0", 0x81n],
    ["none anon touched=0", 0x81n],
    ["rw anon cow=0", 0x80n],
    ["rw anon zero=0", 0x80n],
    ["rw anon guard=0", 0x44n],
    ["r file touched=0", 0xa1n],
    ["rw file dirty=0", 0x81n],
    ["rw shared touched=0", 0xa1n],
    ["r secret touched=0", 0xa1n],
  ])("%s", async (words, bits) => {
    const { task, machine } = await built(`0x10000000 1p ${words}`);
    const [page] = pagemapOf(task, AT, PAGE);
    expect(page!.word >> 56n).toBe(bits);
    const linear = task.linearOf(AT);
    expect(page!.frame).toBe(linear === null ? null : pfnOf(machine, linear));
    expect(page!.word & ((1n << 55n) - 1n)).toBe(BigInt(page!.frame ?? 0));
    expect(page).toMatchObject({
      present: (bits & 0x80n) !== 0n,
      file: (bits & 0x20n) !== 0n,
      guard: (bits & 0x04n) !== 0n,
      exclusive: (bits & 0x01n) !== 0n,
    });
  });

  test("a child's share ends with the child", async () => {
    const { task, child } = await built("0x10000000 1p rw anon cow=0");
    child!.exit();
    expect(pagemapOf(task, AT, 1)).toMatchObject([{ exclusive: true, file: false }]);
  });

  test("pages of a huge leaf have frames in a row; those that another has too are not exclusive", async () => {
    const { task } = await built("0x40000000 2M rw anon thp touched=0");
    const child = task.fork();
    expect(child.unmap(0x40000000, PAGE)).toBe(0);
    const pages = pagemapOf(task, 0x40000000, 512 * PAGE);
    expect(pages.map(({ frame }) => frame! - pages[0]!.frame!)).toEqual([...pages.keys()]);
    expect(pages.filter(({ exclusive }) => exclusive).map(({ address }) => address)).toEqual([
      0x40000000n,
    ]);
  });
});

describe("the range", () => {
  test.each([
    [AT, 0, []],
    [AT, 1, [true]],
    [AT + 0xfffn, 2, [true, false]],
    [AT - 1n, 0x3000, [false, true, false, true]],
    [AT + 0x3000n, 0x1000, [false]],
  ] as const)("%x and %i bytes", async (at, length, present) => {
    const { task } = await built("0x10000000 3p rw anon touched=0,2");
    const pages = pagemapOf(task, at, length);
    expect(pages.map((page) => page.present)).toEqual(present);
    pages.forEach(({ address }, place) => {
      expect(address).toBe(at - (at % 4096n) + BigInt(place * PAGE));
    });
  });

  test.each([
    ["x86-64", 2n ** 64n - 1n, 2],
    ["x86-64", 0, 4 * GIB + 1],
    ["x86-64", 0, 2n ** 64n - 1n],
    ["powerpc-8xx", 2n ** 32n, 1],
    ["powerpc-8xx", 2n ** 32n - 1n, 2],
  ] as const)("%s: %s and %s bytes are refused", async (arch, at, length) => {
    const { task } = await built("0x10000000 1p rw anon", { arch });
    expect(() => pagemapOf(task, at, length)).toThrow(UsageError);
  });

  test("the last page of all", async () => {
    const { task } = await built("0x10000000 1p rw anon");
    expect(pagemapOf(task, 2n ** 64n - 1n, 1)).toMatchObject([{ address: 2n ** 64n - 4096n }]);
  });
});

test("as text, alike neighbours are a line, and areas that nobody touched cost nothing", async () => {
  const { task } = await built(
    "0x10000000 8p rw anon touched=0-1 zero=2 guard=4-5\n0x100000000000 1024G r anon",
  );
  expect(memoryText(task, "pagemap")).toBe(`10000000-10002000 present exclusive
10002000-10003000 present
10003000-10004000 absent
10004000-10006000 swap guard
10006000-10008000 absent
100000000000-110000000000 absent`);
});
