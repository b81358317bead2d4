import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import {
  layoutNames,
  namedLayout,
  parseLayout,
  UsageError,
  type AreaDescription,
} from "../../src/index.ts";

/** The text form and the list of descriptions: both come to the same layout, or to an error that names the place. */

function messageOf(source: string | readonly AreaDescription[]): string {
  try {
    parseLayout(source);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
  throw new Error("nothing was thrown");
}

describe("the text form", () => {
  test("has a line for each area; comments and empty lines are none", () => {
    const { areas } = parseLayout(
      "# a program\n0x10000000 16p rw anon touched=0-3 # its heap\n\n0x7fff0000 64K r-- stack\n",
    );
    expect(areas).toMatchObject([
      {
        start: 0x10000000n,
        end: 0x10010000n,
        protection: "rw-",
        kind: "anon",
        file: null,
        leaf: "4K",
        lists: { touched: [[0, 3]], dirty: [], zero: [], cow: [], guard: [] },
      },
      { start: 0x7fff0000n, end: 0x80000000n, protection: "r--", kind: "stack" },
    ]);
  });

  test("a semicolon ends an area too", () => {
    const { areas } = parseLayout("0x1000 1p r anon; 0x2000 1p hole");
    expect(areas.map(({ kind }) => kind)).toEqual(["anon", "hole"]);
  });

  test.each([
    ["4p", 4],
    ["8192", 2],
    ["64K", 16],
    ["64kib", 16],
    ["2M", 512],
    ["2MiB", 512],
    ["1G", 2 ** 18],
    ["1GiB", 2 ** 18],
  ])("a length of %s is %i pages", (length, pages) => {
    const [area] = parseLayout(`0x40000000 ${length} rw anon`).areas;
    expect(Number(area!.end - area!.start) / 4096).toBe(pages);
  });

  test.each([
    ["rwx", "rwx"],
    ["rw", "rw-"],
    ["rw-", "rw-"],
    ["-w-", "-w-"],
    ["w", "-w-"],
    ["--x", "--x"],
    ["x", "--x"],
    ["---", "---"],
    ["-", "---"],
    ["none", "---"],
  ])("protection %s is %s", (text, protection) => {
    expect(parseLayout(`0x1000 1p ${text} anon`).areas[0]!.protection).toBe(protection);
  });

  test("every word of a file", () => {
    const line = "0x1000 4p r file file=lib size=9000 offset=1p disk shared touched=0";
    expect(parseLayout(line).areas[0]).toMatchObject({
      kind: "file",
      file: { name: "lib", size: 9000n, offset: 4096n, backing: "disk" },
      flags: new Set(["shared"]),
    });
  });

  test("every word of anonymous memory", () => {
    const line =
      "0x200000 4M rw anon thp locked sealed uffd touched=0,1 zero=512-600 guard=9 cow=10";
    const [area] = parseLayout(line).areas;
    expect([...area!.flags]).toEqual(["thp", "locked", "sealed", "uffd"]);
    expect(area!.lists).toEqual({
      touched: [[0, 1]],
      dirty: [],
      zero: [[512, 600]],
      cow: [[10, 10]],
      guard: [[9, 9]],
    });
  });

  test("page lists are put in order and joined", () => {
    const [area] = parseLayout("0x1000 16p rw anon touched=7,0-3,2-5,9").areas;
    expect(area!.lists.touched).toEqual([
      [0, 5],
      [7, 7],
      [9, 9],
    ]);
  });
});

describe("a mistake is named with its line and that line's text:", () => {
  test.each([
    ["0x1000 4p rw anon\n0x3000 1p r anon", 'line 2 "0x3000 1p r anon" overlaps layout line 1'],
    ["0x3000 1p r anon\n0x1000 4p rw anon", 'line 2 "0x1000 4p rw anon" overlaps layout line 1'],
    ["0x1000 4p hole\n0x1000 1p r anon", 'line 2 "0x1000 1p r anon" overlaps layout line 1'],
    ["0xfffffffffffff000 2p rw anon", "wraps around the end of all addresses"],
    ["0x1001 1p rw anon", "begins inside a page; valid: a multiple of 4096"],
    ["0x1000 5000 rw anon", "ends inside a page"],
    ["0x1000 0p rw anon", "has no pages"],
    ["4096 1p rw anon", 'address is "4096"; valid: 0x and up to 16 hexadecimal digits'],
    ["0x1000 1q rw anon", 'length is "1q"'],
    ["0x1000 1p wr anon", 'protection is "wr"'],
    ["0x1000 1p rw anno", 'kind "anno" is unknown (did you mean anon?)'],
    ["0x1000 1p rw", "kind is missing; valid: anon, shared, file"],
    ["0x1000", 'length is ""'],
    ["0x1000 1p rw anon touch=0", 'word "touch=0" is unknown'],
    ["0x1000 1p rw anon lock", 'word "lock" is unknown (did you mean locked?)'],
    ["0x1000 1p rw anon toString", 'word "toString" is unknown'],
    ["0x1000 1p rw anon locked=1", 'word "locked=1" is unknown'],
    ["0x1000 1p rw anon locked locked", 'word is "locked"; valid: each word once'],
    ["0x1000 4p rw anon touched=4", "touched is 4; valid: page numbers up to 3"],
    ["0x1000 4p rw anon touched=3-1", 'touched is "3-1"; valid: pages as in 0-3,7, or all'],
    ["0x1000 4p rw anon touched=", 'touched is ""'],
    ["0x1000 4p rw anon touched=0-2 zero=1", "has page 1 in touched and in zero"],
    ["0x1000 4p rw anon shared", "has shared, and is anon; valid: shared on file"],
    ["0x1000 4p rw shared zero=1", "has zero, and is shared"],
    ["0x1000 4p rw shared cow=1", "has cow, and is shared"],
    ["0x1000 4p rw secret guard=1", "has guard, and is secret"],
    ["0x1000 4p hole locked", "has locked, and is hole; valid: locked on anon"],
    ["0x1000 4p hole sealed", "is a hole, and has sealed"],
    ["0x1000 4p rw hole", 'is a hole, and has rights "rw"; valid: its place alone'],
    [
      "0x1000 4p rw secret uffd",
      "has uffd, and is secret; valid: uffd on anon, shared, stack, file",
    ],
    ["0x1000 4p rw device locked", "has locked, and is device"],
    ["0x1000 4p rw anon access=8", "has access, and is anon; valid: access on device"],
    ["0x1000 4p rw anon mixed", "has mixed, and is anon; valid: mixed on device"],
    ["0x1000 4p rwx device", "is a device's memory, and may be executed; valid: no x"],
    ["0x1000 4p rw device access=2G", "access is 2147483648; valid: a whole number from 0"],
    ["0x1000 2M rw hugetlb", "begins inside a page of 2M; valid: a multiple of 2097152"],
    ["0x200000 3M rw hugetlb", "ends inside a page of 2M; valid: a length of whole pages"],
    ["0x40000000 2M rw hugetlb leaf=1G", "ends inside a page of 1G"],
    ["0x200000 4M rw hugetlb zero=0", "has zero, and is hugetlb"],
    ["0x40000000 1G rw file leaf=1G", "has leaf 1G and is private; valid: shared"],
    ["0x40000000 1G rw file shared disk leaf=1G", "has leaf 1G and a disk file"],
    ["0x40001000 1G rw file shared leaf=1G", "has a part of a leaf of 1G"],
    ["0x40000000 1G rw file shared leaf=1G offset=1p", "has a part of a leaf of 1G"],
    ["0x1000 9p rw anon touched=0,2-3,7 zero=1,4-6,7-8", "has page 7 in touched and in zero"],
    ["0x1000 9p rw anon touched=4-8 zero=1,3,5", "has page 5 in touched and in zero"],
    ["0x200000 4M rw hugetlb touched=0 cow=511", "has page 0 in touched and in cow"],
    ["0x200000 4M rw hugetlb shared cow=0", "shares its pages, and has cow pages"],
    ["0x200000 4M rw hugetlb touched=1024", "touched is 1024; valid: page numbers up to 1023"],
    ["0x1000 4p rw file shared cow=1", "shares its file, and has cow pages"],
    ["0x1000 4p rw file shared read-only", "opened read-only, and may write"],
    ["0x1000 4p r file shared read-only dirty=1", "opened read-only, and has dirty pages"],
    ["0x1000 4p r file size=4097 touched=2", "has touched page 2, which lies past the end"],
    ["0x1000 5G rw device", "has device memory of 5G; valid: up to 4G, the largest file"],
    ["0x1000 1048577p rw shared", "has shared memory of 4194308K; valid: up to 4G"],
    ["0x1000 1048577p rw secret", "has secret memory of 4194308K; valid: up to 4G"],
    ["0x1000 4p r file size=5G", "has a file of more than 4 GiB"],
    ["0x1000 4p r file offset=100", "has an offset inside a page"],
    ["0x1000 4p rw anon leaf=4M", 'leaf "4M" is unknown'],
    ["0x1000 4p rw anon leaf=2M thp", "has thp and leaf 2M; valid: one of the two"],
    ["0x1000 4p rw anon leaf=2M zero=1", "has zero pages and leaf 2M"],
    ["0x1000 4p rw file file=a/b", 'file is "a/b"'],
    [
      "0x1000 1p r file file=a size=1p\n0x2000 1p r file file=a size=2p",
      "describes file a otherwise than an area before it; valid: size=4096",
    ],
  ])("%s", (text, message) => {
    const lines = text.split("\n");
    const said = messageOf(text);
    expect(said.startsWith(`layout line ${lines.length} "${lines.at(-1)}"`)).toBe(true);
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  test.each(["", "# nothing", " ; "])("%j has no area", (text) => {
    expect(messageOf(text)).toBe("layout has no area; valid: one at least");
  });
});

test("a line with what a terminal would obey, or with no end, is shown harmless and cut", () => {
  const said = messageOf(`0x1000 1p rw anon \u001b[31m\u202e\u2028${"x".repeat(5000)}`);
  expect(said).toContain('layout line 1 "0x1000 1p rw anon \\u001b[31m\\u{202e}\\u{2028}xxx');
  expect(said).toContain('…": word "\\u001b[31m');
  expect(said).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  expect(said.length).toBeLessThan(500);
});

test("words of hugetlb and of a device are the same again from the text", () => {
  const text = `0x200000 1024p rw hugetlb shared touched=0-511
0x40000000 262144p r hugetlb leaf=1G
0x80000000 2p rw device mixed access=4096 dirty=1`;
  expect(parseLayout(text).text).toBe(text);
});

test("a layout cannot be changed once it was checked", () => {
  const layout = parseLayout("0x1000 1p rw anon");
  expect(() => (layout.areas as unknown[]).push(layout.areas[0])).toThrow(TypeError);
  expect(() => Object.assign(layout.areas[0]!, { start: 1n })).toThrow(TypeError);
});

describe("a list of descriptions", () => {
  test("has defaults for everything but the place", () => {
    const layout = parseLayout([{ at: 0x1000, length: 8192n }]);
    expect(layout.text).toBe("0x1000 2p rw anon");
  });

  test("is the same layout as its text", () => {
    const list: AreaDescription[] = [
      { at: 0x1000, length: 4 * 4096, protection: "none", touched: [1, [2, 3]] },
      {
        at: 0x10000,
        length: 4096,
        kind: "file",
        file: "a",
        size: 10,
        shared: true,
        protection: "r",
      },
    ];
    expect(parseLayout(list).text).toBe(
      "0x1000 4p none anon touched=1-3\n0x10000 1p r file file=a size=10 shared",
    );
  });

  test.each<[AreaDescription[], string]>([
    [[{ at: 1, length: 4096 }], "layout[0] begins inside a page"],
    [[{ at: 0, length: 4096, kind: "heap" as never }], 'layout[0]: kind "heap" is unknown'],
    [
      [{ at: 0, length: 4096, tuched: [] } as never],
      "layout[0]: tuched is no option (did you mean touched?)",
    ],
    [[{ at: 0, length: 4096, touched: [[0]] as never }], "layout[0]: touched[0] is an Array"],
    [
      [{ at: 0, length: 4096, touched: new Array<number>(1) }],
      "layout[0]: touched[0] is undefined",
    ],
    [
      [{ at: 0, length: 4096, touched: [0n] as never }],
      "layout[0]: touched[0] is 0n; valid: a whole number from 0 to ",
    ],
    [
      [{ at: 0, length: 4096, kind: "device", access: 4096n as never }],
      "layout[0]: access is 4096n; valid: a whole number from 0 to 2147483647",
    ],
    [new Array<AreaDescription>(1), "layout[0] is undefined; valid: an object of at, length"],
    [[{ at: 0, length: 4096, kind: "hole", protection: "r" }], 'is a hole, and has rights "r"'],
    [[{ at: 0, length: 4096, protection: "rr" }], 'layout[0]: protection is "rr"'],
    [
      [
        { at: 0x1000, length: 4096 },
        { at: 0, length: 8192 },
      ],
      "layout[1] overlaps layout[0], which is 0x1000-0x2000",
    ],
  ])("a mistake is named with its place %#", (list, message) => {
    expect(messageOf(list)).toContain(message);
  });
});

describe("any layout", () => {
  const list = fc.array(fc.oneof(fc.nat(7), fc.tuple(fc.nat(3), fc.integer({ min: 3, max: 7 }))), {
    maxLength: 3,
  });
  const area = fc.record(
    {
      length: fc.constant(8 * 4096),
      protection: fc.constantFrom("rwx", "rw", "r", "w", "x", "none"),
      kind: fc.constantFrom("anon", "shared", "stack"),
      locked: fc.boolean(),
      sealed: fc.boolean(),
      uffd: fc.boolean(),
      touched: list,
    },
    { requiredKeys: ["length"] },
  );

  test("is the same again from its text", () => {
    fc.assert(
      fc.property(fc.array(area, { minLength: 1, maxLength: 6 }), (areas) => {
        const placed = areas.map((one, index) => ({ ...one, at: index * 0x10000 }));
        const layout = parseLayout(placed as AreaDescription[]);
        const unnamed = (of: typeof layout): object[] =>
          of.areas.map((one) => ({ ...one, name: "" }));
        expect(unnamed(parseLayout(layout.text))).toEqual(unnamed(layout));
      }),
    );
  });

  test.each(layoutNames)("%s comes with a name", (name) => {
    expect(parseLayout(namedLayout(name).text).text).toBe(namedLayout(name).text);
  });
});

test("two long lists are gone through side by side", () => {
  const pages = 400_000;
  const every = (first: number): number[] =>
    Array.from({ length: pages / 2 }, (_, index) => first + 2 * index);
  const area = { at: 0x10000000, length: pages * 4096, touched: every(0) };
  expect(parseLayout([{ ...area, zero: every(1) }]).areas).toHaveLength(1);
  expect(() => parseLayout([{ ...area, zero: [...every(1), pages - 2] }])).toThrow(
    `has page ${pages - 2} in touched and in zero`,
  );
});
