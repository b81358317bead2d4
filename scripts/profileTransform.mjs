// A compiler transform for the profile build: drops @inline. The compiler itself inlines such functions, even without
// optimisation, and a profiler would then not find the phases by name; wasm-opt inlines again all but those.
import { Transform } from "assemblyscript/transform";

function dropInline(node) {
  const kept = node.decorators?.filter((decorator) => decorator.name.text !== "inline") ?? [];
  if (node.decorators) node.decorators = kept.length > 0 ? kept : null;
  for (const member of node.members ?? []) dropInline(member);
}

export default class DropInline extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) {
      for (const statement of source.statements) dropInline(statement);
    }
  }
}
