import { parseArgs } from "node:util";
import { CELLS } from "./cells.ts";

/** What the command line asks for. */
export interface Options {
  readonly json: string | undefined;
  readonly quick: boolean;
  /** The work items to measure: W1 to W6, and STRATEGIES. */
  readonly works: ReadonlySet<string>;
}

/** The command line cannot be understood; the message says what is valid. */
export class UsageError extends Error {}

/** The table of strategies on every architecture. */
export const STRATEGIES = "STRATEGIES";

const WORKS = new Set([...CELLS.map(({ work }) => work), STRATEGIES]);

function parseWorks(list: string | undefined): ReadonlySet<string> {
  if (list === undefined) return WORKS;
  const asked = list.split(",").map((work) => work.trim().toUpperCase());
  const unknown = asked.find((work) => !WORKS.has(work));
  if (unknown !== undefined) {
    throw new UsageError(`--work: no work item "${unknown}"; there are ${[...WORKS].join(", ")}`);
  }
  return new Set(asked);
}

/** Reads `--json FILE`, `--work W1,W2` and `--quick`. Throws a UsageError. */
export function parseOptions(argv: readonly string[]): Options {
  const options = {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    work: { type: "string" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...argv], options });
    return { json: values.json, quick: values.quick, works: parseWorks(values.work) };
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message} (options: --json FILE, --work W1,W2, --quick)`);
  }
}
