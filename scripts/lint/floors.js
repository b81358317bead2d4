/**
 * An ESLint rule: imports run one way. Each house (a source folder) is a list of floors, lowest first; a floor holds
 * one or more rooms (folders of the house). A file imports from its own room and from floors below, never from a
 * floor above and never from another room of its own floor. Files that stand in the house itself are the room ".".
 *
 * Options: one object, `{ assembly: [["base"], ["machine"], …], src: […] }`.
 */
import path from "node:path";

/** Folders that use the houses. A house that imports from them would carry them into the product. */
const USERS = ["bench", "scripts", "test"];

/** `{ house: "src", room: "base" }` for a path relative to the repository. */
function addressOf(file) {
  const [house, ...inside] = file.split(path.sep);
  return { house, room: inside.length > 1 ? inside[0] : "." };
}

function floorOf(floors, room) {
  return floors.findIndex((rooms) => rooms.includes(room));
}

/** Why `from` may not import from `to`, or undefined if it may. */
function complaint(houses, from, to) {
  const floors = houses[from.house];
  if (to.house !== from.house) {
    const isForeign = Object.hasOwn(houses, to.house) || USERS.includes(to.house);
    return isForeign ? `${from.house} may not import from ${to.house}.` : undefined;
  }
  if (to.room === from.room) return undefined;
  const unplaced = [from.room, to.room].find((room) => floorOf(floors, room) < 0);
  if (unplaced !== undefined) {
    return `The room "${from.house}/${unplaced}" has no floor: give it one in eslint.config.js.`;
  }
  if (floorOf(floors, to.room) < floorOf(floors, from.room)) return undefined;
  const below = floors.slice(0, floorOf(floors, from.room)).flat();
  return (
    `"${from.house}/${from.room}" may not import from "${to.room}"; ` +
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
    const from = addressOf(file);
    if (!Object.hasOwn(houses, from.house)) return {};
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
      const to = addressOf(path.join(path.dirname(file), specifier));
      const found = complaint(houses, from, to);
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
