import { readFileSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import { nearestNames } from "../base/nearest.ts";
import { layoutNames, parseLayout } from "../layouts/index.ts";
import type { LayoutOption } from "../scenarios/remoteBed.ts";

/** What --layout takes, for the help. */
export const layoutHelp = `an address space: a file, its text form, or one of ${layoutNames.join(", ")}`;

/**
 * A layout's name as it is; else text that begins like an area; else a file.
 * @throws UsageError for a layout that cannot be (its line, and the file), and for a file that cannot be read
 */
export function layoutOption(text: string): LayoutOption {
  const name = layoutNames.find((known) => known === text);
  if (name !== undefined) return name;
  if (/\s/.test(text.trim())) return checked("--layout", text);
  return checked(`--layout ${text}`, contentOf(text));
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const near = nearestNames(file, layoutNames);
    const hint = near.length > 0 ? ` (did you mean ${near.join(" or ")}?)` : "";
    throw new UsageError({
      argument: "--layout",
      problem: `${file} is no name, and cannot be read: ${(error as Error).message}${hint}`,
      valid: layoutHelp,
    });
  }
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
