import { describe, expect, it } from "vitest";
import fc from "../support/properties.ts";
import {
  abiNames,
  abis,
  layoutOf,
  parseStruct,
  type AbiName,
  type ArchName,
  type FieldDescription,
  type StructDescription,
  type StructLayout,
} from "../../src/index.ts";
import { exampleNamed } from "./examples.ts";

/** Layouts of structures that are well known, checked against a C compiler for x86-64, i386 and x32, by hand elsewhere. */

/** "0 4 8 | 12": the offsets of a structure whose only access is its first field. */
function laid(
  struct: readonly FieldDescription[],
  abi: AbiName = "native64",
  arch?: ArchName,
  more: Partial<StructDescription> = {},
): StructLayout {
  return layoutOf(parseStruct({ name: "it", struct, read: ["first"], ...more }), abi, arch);
}

function summary({ fields, bytes, align }: StructLayout): string {
  return `${fields.map(({ offset }) => offset).join(" ")} | ${bytes} align ${align}`;
}

const kernelLongs = (...names: string[]): FieldDescription[] =>
  names.map((name) => ({ name, type: "__kernel_long_t" }));

/** adjtimex's argument (include/uapi/linux/timex.h). */
const timex: readonly FieldDescription[] = [
  { name: "first", type: "unsigned int" },
  ...kernelLongs("offset", "freq", "maxerror", "esterror"),
  { name: "status", type: "int" },
  ...kernelLongs("constant", "precision", "tolerance", "sec", "usec", "tick", "ppsfreq", "jitter"),
  { name: "shift", type: "int" },
  ...kernelLongs("stabil", "jitcnt", "calcnt", "errcnt", "stbcnt"),
  { name: "tai", type: "int" },
  { name: "room", type: "int", count: 11 },
];

const WIDE_TIMEX =
  "0 8 16 24 32 40 48 56 64 72 80 88 96 104 112 120 128 136 144 152 160 164 | 208 align 8";
const NARROW_TIMEX = "0 4 8 12 16 20 24 28 32 36 40 44 48 52 56 60 64 68 72 76 80 84 | 128 align 4";

describe("timex", () => {
  it.each([
    ["native64", "x86-64", WIDE_TIMEX],
    ["x32", "x86-64", WIDE_TIMEX],
    ["compat", "x86-64", NARROW_TIMEX],
    ["compat", "arm64-pan", NARROW_TIMEX],
    ["native32", "powerpc-8xx", NARROW_TIMEX],
  ] as const)("%s on %s", (abi, arch, expected) => {
    expect(summary(laid(timex, abi, arch))).toBe(expected);
  });

  it("has a hole behind every int that a long follows", () => {
    expect(laid(timex).holes).toEqual([
      { offset: 4, bytes: 4, after: "first" },
      { offset: 44, bytes: 4, after: "status" },
      { offset: 116, bytes: 4, after: "shift" },
    ]);
  });
});

describe("v4l2_buffer", () => {
  const struct = exampleNamed("v4l2_buffer");

  it.each([
    ["native64", "x86-64", 88, 24, 64, ["20+4", "84+4"]],
    ["compat", "x86-64", 68, 20, 52, []],
    ["compat", "riscv64", 68, 20, 52, []],
    ["compat-time64", "x86-64", 76, 20, 60, []],
    ["compat-time64", "arm64-pan", 80, 24, 64, ["20+4"]],
    ["x32", "x86-64", 80, 24, 64, ["20+4"]],
    ["native32", "powerpc-8xx", 80, 24, 64, ["20+4"]],
  ] as const)("%s on %s: %i bytes", (abi, arch, bytes, timestamp, m, holes) => {
    const layout = layoutOf(struct, abi, arch);
    const at = (path: string): number | undefined =>
      layout.fields.find((field) => field.path === path)?.offset;
    expect([layout.bytes, at("timestamp.tv_sec"), at("m.userptr"), at("m.fd")]).toEqual([
      bytes,
      timestamp,
      m,
      m,
    ]);
    expect(layout.holes.map((hole) => `${hole.offset}+${hole.bytes}`)).toEqual(holes);
  });
});

describe("types", () => {
  const sizeIn = (type: string, abi: AbiName, arch?: ArchName): string => {
    const layout = laid(
      [
        { name: "byte", type: "char" },
        { name: "first", type },
      ],
      abi,
      arch,
    );
    return `${layout.fields[1]!.bytes} at ${layout.fields[1]!.offset}`;
  };

  it.each([
    ["char", "1 at 1"],
    ["signed char", "1 at 1"],
    ["__u8", "1 at 1"],
    ["unsigned short", "2 at 2"],
    ["short int", "2 at 2"],
    ["__be16", "2 at 2"],
    ["unsigned", "4 at 4"],
    ["unsigned int", "4 at 4"],
    ["enum v4l2_memory", "4 at 4"],
    ["uint32_t", "4 at 4"],
    ["compat_uptr_t", "4 at 4"],
  ])("%s is the same everywhere", (type, expected) => {
    for (const abi of abiNames) expect(sizeIn(type, abi), abi).toBe(expected);
  });

  it.each([
    // type, LP64, ILP32, i386, x32
    ["long", "8 at 8", "4 at 4", "4 at 4", "4 at 4"],
    ["unsigned long int", "8 at 8", "4 at 4", "4 at 4", "4 at 4"],
    ["size_t", "8 at 8", "4 at 4", "4 at 4", "4 at 4"],
    ["const char *", "8 at 8", "4 at 4", "4 at 4", "4 at 4"],
    ["struct it *", "8 at 8", "4 at 4", "4 at 4", "4 at 4"],
    ["unsigned long long", "8 at 8", "8 at 8", "8 at 4", "8 at 8"],
    ["__u64", "8 at 8", "8 at 8", "8 at 4", "8 at 8"],
    ["__aligned_u64", "8 at 8", "8 at 8", "8 at 8", "8 at 8"],
    ["compat_u64", "8 at 4", "8 at 8", "8 at 4", "8 at 4"],
    ["__kernel_time64_t", "8 at 8", "8 at 8", "8 at 4", "8 at 8"],
    ["__kernel_long_t", "8 at 8", "4 at 4", "4 at 4", "8 at 8"],
    ["__kernel_old_time_t", "8 at 8", "4 at 4", "4 at 4", "8 at 8"],
    ["time_t", "8 at 8", "4 at 4", "4 at 4", "8 at 8"],
  ])("%s depends on the data model", (type, lp64, ilp32, i386, x32) => {
    expect([
      sizeIn(type, "native64", "x86-64"),
      sizeIn(type, "compat", "arm64-pan"),
      sizeIn(type, "compat", "x86-64"),
      sizeIn(type, "x32"),
    ]).toEqual([lp64, ilp32, i386, x32]);
  });

  it("time_t is wide in the 32-bit ABIs with 64-bit time, 4-aligned on i386", () => {
    expect(sizeIn("time_t", "native32")).toBe("8 at 8");
    expect(sizeIn("time_t", "compat-time64", "x86-64")).toBe("8 at 4");
    expect(sizeIn("time_t", "compat-time64", "riscv64")).toBe("8 at 8");
  });
});

describe("attributes and nesting", () => {
  const u8 = { name: "first", type: "__u8" };
  const u64 = { name: "wide", type: "__u64" };

  it.each([
    ["natural", [u8, u64], {}, "0 8 | 16 align 8"],
    ["packed", [u8, u64], { packed: true }, "0 1 | 9 align 1"],
    ["aligned structure", [u8], { align: 16 }, "0 | 16 align 16"],
    ["aligned field", [u8, { name: "b", type: "__u8", align: 4 }], {}, "0 4 | 8 align 4"],
    [
      "aligned field of a packed structure",
      [u8, { ...u64, align: 4 }],
      { packed: true },
      "0 4 | 12 align 4",
    ],
    ["explicit offset", [u8, { ...u64, offset: 24 }], {}, "0 24 | 32 align 8"],
    ["array", [u8, { name: "b", type: "__u16", count: 3 }, u64], {}, "0 2 8 | 16 align 8"],
    [
      "array of structures",
      [{ name: "a", type: { struct: [u64, u8] }, count: 2 }],
      { read: ["a[0].first"] },
      "0 8 16 24 | 32 align 8",
    ],
    [
      "union",
      [u8, { name: "u", type: { union: [{ name: "a", type: "__u8" }, u64] } }],
      {},
      "0 8 8 | 16 align 8",
    ],
    [
      "anonymous union",
      [
        u8,
        {
          type: {
            union: [
              { name: "a", type: "__u8", count: 5 },
              { name: "b", type: "int" },
            ],
          },
        },
      ],
      {},
      "0 4 4 | 12 align 4",
    ],
    [
      "packed inside natural", // epoll_event on x86
      [u8, { name: "e", type: { packed: true, struct: [{ name: "n", type: "int" }, u64] } }],
      {},
      "0 1 5 | 13 align 1",
    ],
  ] as [string, FieldDescription[], Partial<StructDescription>, string][])(
    "%s",
    (_what, struct, more, expected) => {
      expect(summary(laid(struct, "native64", undefined, more))).toBe(expected);
    },
  );

  it("members of an anonymous structure are named as the outer one's", () => {
    const { fields } = laid([{ type: { struct: [u8, { type: { union: [u64] } }] } }]);
    expect(fields.map(({ path }) => path)).toEqual(["first", "wide"]);
  });

  it("only bytes that no member of a union covers are a hole", () => {
    const short = { name: "a", type: "__u8" };
    const struct = [u8, { name: "u", type: { union: [short, { name: "b", type: "__u16" }] } }, u64];
    expect(laid(struct).holes).toEqual([
      { offset: 1, bytes: 1, after: "first" },
      { offset: 4, bytes: 4, after: "u.b" },
    ]);
  });
});

const scalarTypes = ["__u8", "__u16", "__u32", "__u64", "long", "time_t", "compat_u64", "char *"];
const variants = abis.flatMap(({ name, archs }) => archs.map((arch) => ({ abi: name, arch })));

describe("any structure", () => {
  it("has its fields in order, aligned, apart, and each byte in a field or in a hole", () => {
    const field = fc.record({
      type: fc.constantFrom(...scalarTypes),
      count: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    });
    const run = fc.property(
      fc.array(field, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      fc.constantFrom(...variants),
      (list, packed, { abi, arch }) => {
        const struct = list.map(({ type, count }, index) => ({
          name: index === 0 ? "first" : `f${index}`,
          type,
          ...(count === undefined ? {} : { count }),
        }));
        const layout = laid(struct, abi, arch, { packed });
        const covered = [...layout.fields, ...layout.holes].sort((a, b) => a.offset - b.offset);
        let end = 0;
        for (const { offset, bytes } of covered) {
          expect(offset).toBe(end);
          end = offset + bytes;
        }
        expect(end).toBe(layout.bytes);
        expect(layout.bytes % layout.align).toBe(0);
        if (packed) expect(layout.holes).toEqual([]);
        expect(layout.holes.every(({ bytes }) => bytes < layout.align)).toBe(true);
      },
    );
    fc.assert(run, { numRuns: 300 });
  });
});
