import { expect, test } from "vitest";
import {
  checkOptions,
  flag,
  listOf,
  nameOf,
  objectOf,
  optional,
  orNull,
  text,
  whole,
  type Shape,
} from "../../src/base/checks.ts";
import { shown } from "../../src/base/shown.ts";

interface Options {
  readonly name: string;
  readonly cpus?: number;
  readonly kinds?: readonly ("one" | "two")[];
  readonly limits?: { readonly most: number | null; readonly exact?: boolean };
}

const shape: Shape<Options> = {
  name: text,
  cpus: optional(whole(1, 8)),
  kinds: optional(listOf(nameOf(["one", "two"]))),
  limits: optional(
    objectOf<NonNullable<Options["limits"]>>({
      most: orNull(whole(0, 9)),
      exact: optional(flag),
    }),
  ),
};

test("what fits passes, with and without what may be left out", () => {
  checkOptions("options", { name: "a" }, shape);
  checkOptions("options", { name: "", cpus: 8, kinds: ["two"], limits: { most: null } }, shape);
});

test.each<[unknown, string]>([
  [null, "options is null; valid: an object of name, cpus, kinds, limits"],
  [[], "options is an Array; valid: an object of name"],
  [{}, "name is undefined; valid: a string"],
  [
    { name: "a", cpu: 1 },
    "cpu is no option (did you mean cpus?); valid: name, cpus, kinds, limits",
  ],
  [{ name: "a", cpus: 9 }, "cpus is 9; valid: a whole number from 1 to 8"],
  [{ name: "a", cpus: null }, "cpus is null; valid: a whole number from 1 to 8"],
  [{ name: "a", kinds: "one" }, 'kinds is "one"; valid: a list'],
  [{ name: "a", kinds: ["one", "tow"] }, 'kinds[1] "tow" is unknown (did you mean two?)'],
  [{ name: "a", kinds: [7] }, "kinds[0] is 7; valid: one, two"],
  [{ name: "a", limits: {} }, "limits.most is undefined; valid: a whole number from 0 to 9"],
  [
    { name: "a", limits: { most: 1, exat: true } },
    "limits.exat is no option (did you mean exact?)",
  ],
])("%j", (options, message) => {
  let thrown: unknown;
  try {
    checkOptions("options", options as Options, shape);
  } catch (error) {
    thrown = error;
  }
  expect((thrown as Error).name).toBe("UsageError");
  expect((thrown as Error).message.slice(0, message.length)).toBe(message);
});

test.each<[unknown, string]>([
  [undefined, "undefined"],
  [1.5, "1.5"],
  [7n, "7n"],
  [Symbol("s"), "Symbol(s)"],
  ["two\nlines", '"two\\nlines"'],
  ["x".repeat(100), `"${"x".repeat(60)}…"`],
  [() => 0, "a function"],
  [Object.create(null), "an Object"],
  [new Map(), "a Map"],
])("any value can be shown in one line", (value, text) => {
  expect(shown(value)).toBe(text);
});
