import { expect } from "vitest";
import { FaultlineError } from "../../src/index.ts";

/** What callers pass by mistake, whatever was asked for. */
const mistakes: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0,
  1.5,
  2 ** 53,
  "x",
  "",
  true,
  {},
  [],
  [null],
  () => 0,
  Symbol("mistake"),
  7n,
  -7n,
  2n ** 64n,
  Object.create(null),
  new Uint8Array(3),
  transferred(new Uint8Array(3)),
  shrunk(3),
];

/** Bytes that went elsewhere with a message. */
export function transferred(bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

/** What TypeScript's library of the oldest supported Node does not know yet. */
interface Resizable extends ArrayBuffer {
  resize(length: number): void;
}

/** A view of more bytes than its buffer has left. */
export function shrunk(length: number): Uint8Array {
  const buffer = Reflect.construct(ArrayBuffer, [length, { maxByteLength: length }]) as Resizable;
  const bytes = new Uint8Array(buffer, 0, length);
  buffer.resize(0);
  return bytes;
}

/** One call of the public API that works. */
export interface GoodCall {
  readonly call: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
}

/** Makes a mistake in a good value. */
type Spoil = (good: unknown) => unknown;

/** The ways to call it that differ from the good one by one mistake; each can be made in other good arguments too. */
export function argumentMistakes({ args }: GoodCall): ((good: readonly unknown[]) => unknown[])[] {
  return args.flatMap((arg, place) =>
    waysToSpoil(arg).map(
      (spoil) => (good: readonly unknown[]) => good.with(place, spoil(good[place])),
    ),
  );
}

function waysToSpoil(value: unknown): Spoil[] {
  return [...mistakes.map((mistake) => () => mistake), ...impostors(value), ...waysInside(value)];
}

/** What looks like an object of the library's, and is none: it has not what is private to one. */
function impostors(value: unknown): Spoil[] {
  if (typeof value !== "object" || value === null || isOptions(value)) return [];
  if ("next" in value) return []; // a program is the caller's own, and fails in its own way
  return [
    (good) => Object.create(good as object) as unknown,
    (good) => new Proxy(good as object, {}),
  ];
}

/** A mistake in an entry of a list or in an option; an option too few; one too many. */
function waysInside(value: unknown): Spoil[] {
  if (Array.isArray(value)) {
    return value.flatMap((entry, place) =>
      waysToSpoil(entry).map((spoil): Spoil => (good) => {
        const list = good as readonly unknown[];
        return list.with(place, spoil(list[place]));
      }),
    );
  }
  if (!isOptions(value)) return [];
  const inOne = Object.entries(value).flatMap(([name, option]) => [
    without(name),
    ...waysToSpoil(option).map((spoil) => changed(name, spoil)),
  ]);
  return [...inOne, changed("unheardOf", () => 1)];
}

function without(name: string): Spoil {
  return (good) =>
    Object.fromEntries(Object.entries(good as object).filter(([key]) => key !== name));
}

function changed(name: string, spoil: Spoil): Spoil {
  return (good) => {
    const options = good as Readonly<Record<string, unknown>>;
    return { ...options, [name]: spoil(options[name]) };
  };
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Calls, and fails unless that works or throws one line of the library's own. */
export async function worksOrRefuses({ call, args }: GoodCall): Promise<unknown> {
  try {
    return await (call as (...values: unknown[]) => unknown)(...args);
  } catch (error) {
    if (!(error instanceof FaultlineError)) throw error;
    expect(error.message).not.toContain("\n");
    return error;
  }
}

/** The names of an object's methods, its classes' among them. */
export function methodNames(object: object): string[] {
  const names = new Set<string>();
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof property.value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names].sort();
}
