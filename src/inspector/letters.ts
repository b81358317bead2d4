import type { PageState } from "../machine/inspect.ts";

/** One letter for what stands for a page. */
export function pageLetter({ kind, level, large, mapcount }: PageState): string {
  if (kind === "private") return large ? "H" : mapcount > 1 ? "a" : "A";
  if (kind === "zero" && level > 1) return "z";
  return { absent: ".", zero: "Z", file: "F", guard: "G", raw: "P" }[kind];
}

export const letterMeanings =
  ". absent, Z zero page, z huge zero page, A its own, a shared with a child, H its own in a huge page, F a file's, G guard, P without a page";
