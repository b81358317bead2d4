import { UsageError } from "../base/errors.ts";
import { nearestNames } from "../base/nearest.ts";
import { layoutNames, parseLayout } from "../layouts/index.ts";
import type { LayoutOption } from "../scenarios/remoteBed.ts";
import { textFile } from "./textFile.ts";

/** What --layout takes, for the help. */
export const layoutHelp = `an address space: a file, its text form, or one of ${layoutNames.join(", ")}`;

/** What --layout of a comparison takes, for the help. */
export const layoutsHelp = `all, or one or more with commas: files and names; or the text form of one. The names: ${layoutNames.join(", ")}`;

/**
 * A layout's name as it is; else text that begins like an area; else a file.
 * @throws UsageError for a layout that cannot be (its line, and the file), and for a file that cannot be read
 */
export function layoutOption(text: string): LayoutOption {
  const name = layoutNames.find((known) => known === text);
  if (name !== undefined) return name;
  if (isText(text)) return checked("--layout", text);
  return checked(`--layout ${text}`, contentOf(text));
}

/** A file's name has no blank; a text without an area is one all the same. */
function isText(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === "" || trimmed.startsWith("#") || /\s/.test(trimmed);
}

function contentOf(file: string): string {
  const near = nearestNames(file, layoutNames);
  const hint = near.length > 0 ? ` (did you mean ${near.join(" or ")}?)` : "";
  return textFile("--layout", file, layoutHelp, hint);
}

function checked(argument: string, text: string): string {
  try {
    parseLayout(text);
    return text;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { argument: place, problem, valid } = error;
    throw new UsageError({ argument: `${argument}: ${place}`, problem, valid });
  }
}
