import { describe, expect, it } from "vitest";
import {
  layoutOf,
  parseStruct,
  UsageError,
  type AbiName,
  type Struct,
  type StructDescription,
} from "../../src/index.ts";

const a = { name: "a", type: "int" };

/** A description that is right, with something else in places. */
function described(changes: object): StructDescription {
  return { name: "it", struct: [a], read: ["a"], ...changes };
}

function mistake(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no mistake";
}

function nested(levels: number): object {
  return levels === 0 ? a : { name: "n", type: { struct: [nested(levels - 1)] } };
}

const bitField = "valid: the word that holds the bits, as one field";

const mistakes: readonly (readonly [string, unknown, string])[] = [
  ["text that is no JSON", '{\n "name": ', "structure is not JSON: "],
  ["a number", 7, "structure is 7; valid: an object with name, "],
  ["null", null, "structure is null; valid: an object"],
  ["a list", [], "structure is an Array; valid: an object"],
  ["JSON of a list", "[]", "structure is an Array; valid: an object"],
  ["no name", described({ name: undefined }), "structure: name is missing; valid: a C identifier"],
  ["a name that is none", described({ name: "a b" }), 'structure: name is "a b"; valid: a C'],
  [
    "an unknown key",
    described({ reads: ["a"] }),
    'structure: key "reads" is unknown (did you mean read?)',
  ],
  ["no fields", described({ struct: undefined }), "it has no fields; valid: a list of fields"],
  [
    "fields that are no list",
    described({ struct: {} }),
    "it: struct is an Object; valid: a list of fields",
  ],
  ["an empty list of fields", described({ struct: [] }), "it is zero-sized: it has no fields"],
  [
    "a field that is none",
    described({ struct: ["int a"] }),
    'it: field 0 is "int a"; valid: an object',
  ],
  [
    "a field without a name",
    described({ struct: [{ type: "int" }] }),
    "it: name of field 0 is missing",
  ],
  ["a field without a type", described({ struct: [{ name: "a" }] }), "it: field a has no type"],
  [
    "an unknown type",
    described({ struct: [{ name: "a", type: "__u23" }] }),
    'it: field a: type "__u23" is unknown (did you mean __u',
  ],
  [
    "an array as C declares it",
    described({ struct: [{ name: "a", type: "char [16]" }] }),
    'it: field a: type is "char [16]"; valid: "type": "char", "count": 16',
  ],
  [
    "a structure that is not declared",
    described({ struct: [{ name: "a", type: "struct foo" }] }),
    'which is not declared; valid: declare it: "types": { "foo": { "struct": [ its fields ] } }',
  ],
  [
    "a number as a type",
    described({ struct: [{ name: "a", type: 4 }] }),
    "it: field a is 4; valid: an object with struct, union",
  ],
  [
    "an unknown key in a field",
    described({ struct: [{ ...a, cuont: 2 }] }),
    'it: field 0: key "cuont" is unknown (did you mean count?)',
  ],
  [
    "an empty array",
    described({ struct: [{ ...a, count: 0 }] }),
    "it: field a is zero-sized; valid: a count from 1",
  ],
  [
    "a huge array",
    described({ struct: [{ ...a, count: 1e9 }] }),
    "it: field a: count is 1000000000; valid: a whole number from 1 to 16383",
  ],
  [
    "half an element",
    described({ struct: [{ ...a, count: 1.5 }] }),
    "it: field a: count is 1.5; valid",
  ],
  [
    "a bit-field by its key",
    described({ struct: [{ ...a, bits: 3 }] }),
    `it: field a is a bit-field; ${bitField}`,
  ],
  [
    "a bit-field by its type",
    described({ struct: [{ name: "a", type: "int:3" }] }),
    `it: field a is a bit-field ("int:3"); ${bitField}`,
  ],
  [
    "an odd alignment",
    described({ struct: [{ ...a, align: 3 }] }),
    "it: field a: align is 3; valid: a power of two",
  ],
  ["packed as text", described({ packed: "yes" }), 'it: packed is "yes"; valid: true or false'],
  [
    "a field twice",
    described({ struct: [a, a] }),
    "it: field a is there twice; valid: another name",
  ],
  [
    "a name twice through an anonymous union",
    described({ struct: [a, { type: { union: [a] } }] }),
    "it: field a is there twice",
  ],
  [
    "an offset in a union",
    described({
      struct: [a, { name: "u", type: { union: [{ name: "b", type: "int", offset: 0 }] } }],
    }),
    "it: field u: field b has an offset in a union",
  ],
  [
    "both struct and union",
    described({ struct: [a, { name: "u", type: { union: [a], struct: [a] } }] }),
    "it: field u is both struct and union",
  ],
  [
    "a type that contains itself",
    described({
      types: { node: { struct: [{ name: "next", type: "struct node" }] } },
      struct: [a, { name: "n", type: "node" }],
    }),
    'types.node: field next makes node contain itself (node → node); valid: a pointer: "node *"',
  ],
  [
    "types that contain each other, unused",
    described({
      types: {
        x: { struct: [{ name: "y", type: "y" }] },
        y: { union: [{ name: "x", type: "x", count: 2 }] },
      },
    }),
    "types.y: field x makes x contain itself (x → y → x)",
  ],
  [
    "a type that is one already",
    described({ types: { __u8: {} } }),
    "types.__u8 is a C type already",
  ],
  ["types that are no object", described({ types: 3 }), "types is 3; valid: an object"],
  ["too deep", described({ struct: [a, nested(20)] }), "is nested too deep; valid: at most 16"],
  [
    "nothing accessed",
    described({ read: undefined }),
    "it has nothing that is read or written; valid: paths",
  ],
  [
    "empty access lists",
    described({ read: [], written: [] }),
    "it has nothing that is read or written",
  ],
  ["an access list that is none", described({ read: "a" }), 'read is "a"; valid: a list of paths'],
  ["an unknown field", described({ read: ["b"] }), 'read[0] "b" is unknown'],
  ["no path", described({ read: ["a..b"] }), 'read[0] holds ""; valid: a path such as count'],
  [
    "a member of a value",
    described({ read: ["a.b"] }),
    "read[0] asks for a member of a, which has none; valid: a alone",
  ],
  [
    "a path of odd letters",
    described({ read: ["a-b"] }),
    'read[0] holds "a-b"; valid: a path such as',
  ],
  ["a path that is a number", described({ read: [1] }), "read[0] is 1; valid: a path such as"],
  [
    "an index into what is no array",
    described({ read: ["a[0]"] }),
    "read[0]: a is no array; valid: a",
  ],
  [
    "an index beyond the array",
    described({ struct: [{ ...a, count: 2 }], read: ["a[2]"] }),
    "read[0]: a has no element 2; valid: a[0] to a[1]",
  ],
  [
    "a field read twice",
    described({ read: ["a", "a"] }),
    "read[1] names a again; valid: each field once",
  ],
  [
    "an element of an array that is named whole",
    described({ struct: [{ ...a, count: 4 }], read: ["a", "a[1]"] }),
    "read[1] names a[1] again; valid: each field once",
  ],
  [
    "an array of which an element is named",
    described({ struct: [{ ...a, count: 4 }], read: ["a[1]", "a[2]", "a"] }),
    "read[2] names a again; valid: each field once",
  ],
  ["a name longer than a line", described({ name: "x".repeat(64) }), 'structure: name is "xxx'],
  [
    "a whole union",
    described({ struct: [{ name: "u", type: { union: [a] } }], read: ["u"] }),
    "read[0] names the union u; valid: one of its members: u.a",
  ],
  [
    "more fields than fit",
    described({ struct: [{ name: "s", type: { struct: [a] }, count: 600 }], read: ["s"] }),
    "read names more than 512 fields; valid: at most 512",
  ],
  [
    "copies that leave a field out",
    described({ struct: [a, { ...a, name: "b" }], read: ["a", "b"], copies: { read: ["a"] } }),
    "copies.read leaves out b; valid: parts that hold every field in read",
  ],
  [
    "a copy of nothing that moves",
    described({ struct: [a, { ...a, name: "b" }], copies: { read: ["a", "b"] } }),
    "copies.read copies b; valid: parts with a field that is in read",
  ],
  [
    "a copy beyond a cache line",
    described({ copies: { read: [{ part: "a", stack: 64 }] } }),
    "copies.read[0]: stack is 64; valid: a whole number from 0 to 63",
  ],
  ["an unknown ABI", described({ abis: ["i386"] }), 'abis "i386" is unknown'],
  ["no ABI", described({ abis: [] }), "abis is empty; valid: native64"],
];

describe("a mistake in a description is one line that names the field", () => {
  it.each(mistakes)("%s", (_what, value, beginning) => {
    const message = mistake(() => parseStruct(value as StructDescription));
    expect(message).toContain(beginning);
    expect(message).not.toContain("\n");
    expect(message).toContain("; valid: ");
  });
});

const withoutPlace: readonly (readonly [string, object, AbiName, string])[] = [
  [
    "fields that overlap",
    { struct: [a, { name: "b", type: "__u64", offset: 2 }] },
    "native64",
    "it: field b at 2 overlaps a, which ends at 4; valid: an offset from 8 in steps of 8 (LP64)",
  ],
  [
    "a misaligned field",
    { struct: [a, { name: "b", type: "__u64", offset: 4 }] },
    "native64",
    "it: field b at 4 is not aligned to 8",
  ],
  [
    "a structure that no ioctl could say",
    { struct: [a, { name: "b", type: "long", count: 3000 }] },
    "native64",
    "it: field b makes the structure 24000 bytes long; valid: at most 16383",
  ],
  [
    "structures in structures in arrays",
    {
      types: {
        x: { struct: [{ name: "p", type: "long", count: 100 }] },
        y: { struct: [{ name: "q", type: "x", count: 16383 }] },
      },
      struct: [a, { name: "b", type: "y", count: 16383 }],
    },
    "native64",
    "it.b: field q makes the structure 13106400 bytes long",
  ],
];

describe("fields without a place", () => {
  it.each(withoutPlace)("%s", (_what, changes, abi, beginning) => {
    expect(mistake(() => layoutOf(parseStruct(described(changes)), abi))).toContain(beginning);
  });

  it("the same offset may be right in another ABI", () => {
    const struct = parseStruct(described({ struct: [a, { name: "b", type: "__u64", offset: 4 }] }));
    expect(layoutOf(struct, "compat", "x86-64").bytes).toBe(12);
  });

  it("an ABI that the architecture has not", () => {
    const struct = parseStruct(described({}));
    expect(mistake(() => layoutOf(struct, "x32", "riscv64"))).toBe(
      "abi x32 does not exist on riscv64; valid: native64, compat, compat-time64",
    );
  });
});

describe("what a path stands for", () => {
  const paths = (struct: Struct): string[] => struct.reads.map(({ path }) => path);
  const pair = { struct: [a, { name: "b", type: "char", count: 3 }] };

  it.each([
    [["s"], ["s.a", "s.b"]],
    [["t"], ["t[0].a", "t[0].b", "t[1].a", "t[1].b"]],
    [
      ["t[1].b", "t[0]"],
      ["t[1].b", "t[0].a", "t[0].b"],
    ],
    [["s.b[2]"], ["s.b[2]"]],
    [
      ["deep", "b"],
      ["deep", "b"],
    ],
  ])("%j", (read, expected) => {
    const struct = [
      { name: "s", type: "pair" },
      { name: "t", type: "struct pair", count: 2 },
      {
        type: {
          union: [
            { type: { struct: [{ name: "deep", type: "int" }] } },
            { name: "b", type: "int" },
          ],
        },
      },
    ];
    expect(paths(parseStruct(described({ types: { pair }, struct, read })))).toEqual(expected);
  });

  it("JSON text and objects are the same", () => {
    const object = described({});
    expect(parseStruct(JSON.stringify(object))).toEqual(parseStruct(object));
  });
});
