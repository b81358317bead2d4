/**
 * assemblyscript-prettier, without the blank line that it adds above every decorator that has no comment before it.
 *
 * The plugin hides decorators from the TypeScript parser as marked block comments and prints those bare. It puts a
 * line break before the first comment of a node, on top of the blank line that the source has already.
 */
import plugin from "assemblyscript-prettier";
import { magic as marker } from "assemblyscript-prettier/src/replace.js";

const { printers } = plugin;
const [[astFormat, printer]] = Object.entries(printers);

function printComment(path, options) {
  const doc = printer.printComment(path, options);
  return path.node.value.startsWith(marker) ? doc.at(-1) : doc;
}

export default { ...plugin, printers: { [astFormat]: { ...printer, printComment } } };
