/**
 * An ESLint rule: imports run one way. Each house (a source folder) is a list of floors, lowest first; a floor holds
 * one or more rooms (folders of the house). A file imports from its own room and from floors below, never from a
 * floor above and never from another room of its own floor. Files that stand in the house itself are the room ".".
 * A room may be a house of its own, for the imports inside it.
 *
 * Options: one object, `{ assembly: [["base"], ["machine"], …], src: […], "src/conformance": […] }`.
 */
import path from "node:path";

/** Folders that use the houses. A house that imports from them would carry them into the product. */
const USERS = ["bench", "scripts", "test"];

/** The room of a file in a house; undefined for a file outside of it. Paths are relative to the repository. */
function roomIn(house, file) {
  const [first, ...deeper] = path.relative(house, file).split(path.sep);
  if (first === "..") return undefined;
  return deeper.length > 0 ? first : ".";
}

function floorOf(floors, room) {
  return floors.findIndex((rooms) => rooms.includes(room));
}

/** Why a house's file may not import from outside, or undefined if it may. */
function foreignComplaint(houses, house, to) {
  const isForeign = [...Object.keys(houses), ...USERS].some(
    (other) => !house.startsWith(`${other}/`) && roomIn(other, to) !== undefined,
  );
  return isForeign ? `${house} may not import from ${to.split(path.sep)[0]}.` : undefined;
}

/** Why `from` may not import from `to` by the floors of a house, or undefined if it may. */
function complaint(houses, house, from, to) {
  const floors = houses[house];
  const [fromRoom, toRoom] = [roomIn(house, from), roomIn(house, to)];
  if (fromRoom === undefined || fromRoom === toRoom) return undefined;
  if (toRoom === undefined) return foreignComplaint(houses, house, to);
  const unplaced = [fromRoom, toRoom].find((room) => floorOf(floors, room) < 0);
  if (unplaced !== undefined) {
    return `The room "${house}/${unplaced}" has no floor: give it one in eslint.config.js.`;
  }
  if (floorOf(floors, toRoom) < floorOf(floors, fromRoom)) return undefined;
  const below = floors.slice(0, floorOf(floors, fromRoom)).flat();
  return (
    `"${house}/${fromRoom}" may not import from "${toRoom}"; ` +
    `below it are: ${below.join(", ") || "none"}.`
  );
}

export const floors = {
  meta: {
    type: "problem",
    docs: { description: "imports run from the upper floors of a house to the lower ones" },
    schema: [{ type: "object", additionalProperties: { type: "array" } }],
    messages: { direction: "{{complaint}}" },
  },
  create(context) {
    const [houses = {}] = context.options;
    const file = path.relative(context.cwd, context.filename);
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
      const to = path.join(path.dirname(file), specifier);
      const found = Object.keys(houses)
        .map((house) => complaint(houses, house, file, to))
        .find((reason) => reason !== undefined);
      if (found !== undefined) {
        context.report({ node: node.source, messageId: "direction", data: { complaint: found } });
      }
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
