/** Checking what the cases of all systems are made of: a head, lists of rows, and lists of operations. */

import {
  compileShape,
  expectFit,
  expectShape,
  text,
  type CompiledShape,
  type Shape,
} from "./shapes.ts";
import { isObject, TraceError, UnknownOperationError, type JsonObject } from "./trace.ts";

/** The shape of an operation by its name; undefined for one that is not known. */
export type ShapeOf = (name: string, operation: JsonObject) => CompiledShape | undefined;

/** Throws a TraceError unless a line says what every case says of itself. */
export function expectHead(line: JsonObject): void {
  for (const key of ["id", "kernel", "kind"]) expectFit(line[key], text, key);
}

/** The object under a key of a case; throws a TraceError where there is none. */
export function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  if (!isObject(value)) throw new TraceError(key, "expected an object");
  return value;
}

/** Throws a TraceError unless `rows` is a list of objects that all have this shape. */
export function expectRows(rows: unknown, place: string, shape: CompiledShape): void {
  expectObjects(rows, place, (row, at) => expectShape(row, shape, at));
}

/** Shapes of operations by their names; `common` is what each may say beside. */
export function compileOperations(
  shapes: Readonly<Record<string, Shape>>,
  common: Shape,
): ReadonlyMap<string, CompiledShape> {
  return new Map(
    Object.entries(shapes).map(([name, shape]) => [name, compileShape(common, shape)] as const),
  );
}

/**
 * Throws a TraceError unless `operations` is a list of known operations, each of its shape.
 *
 * @param nameOf what an operation is called; most say it under "op"
 */
export function expectOperations(
  operations: unknown,
  place: string,
  shapeOf: ShapeOf,
  nameOf: (operation: JsonObject) => unknown = ({ op }) => op,
): void {
  expectObjects(operations, place, (operation, at, index) => {
    const name = nameOf(operation);
    expectFit(name, text, `${at}.op`);
    const shape = shapeOf(name as string, operation);
    if (shape === undefined) throw new UnknownOperationError(name as string, at, index);
    expectShape(operation, shape, at);
  });
}

function expectObjects(
  list: unknown,
  place: string,
  expectEach: (entry: JsonObject, at: string, index: number) => void,
): void {
  if (!Array.isArray(list)) throw new TraceError(place, "expected a list");
  list.forEach((entry: unknown, index) => {
    const at = `${place}[${index}]`;
    if (!isObject(entry)) throw new TraceError(at, "expected an object");
    expectEach(entry, at, index);
  });
}
