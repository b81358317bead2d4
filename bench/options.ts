import { parseArgs } from "node:util";
import { CELLS } from "./cells.ts";
import { PEER_NAMES } from "./peers/names.ts";
import type { PeerName } from "./peers/names.ts";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly json: string | undefined;
  readonly quick: boolean;
  /** The work items to measure: those of the cells, and STRATEGIES. */
  readonly works: ReadonlySet<string>;
  readonly peers: ReadonlySet<PeerName>;
}

/** The command line cannot be understood; the message says what is valid. */
export class UsageError extends Error {}

/** The table of strategies on every architecture. */
export const STRATEGIES = "STRATEGIES";

const WORKS: readonly string[] = [...new Set(CELLS.map(({ work }) => work)), STRATEGIES];
const OPTIONS = "--json FILE, --work W1,W2, --peers js,v86, --quick, --help";

/** What --help prints. */
export const HELP = `npm run bench -- [options]

  --work W1,W2     only these: ${WORKS.join(", ")}
  --peers js,v86   only these beside the limit: ${PEER_NAMES.join(", ")}
  --quick          fewer samples
  --json FILE      the figures as one JSON object
  --help           this
`;

/** A list with commas of some of `valid`, in any case; all of them where there is no list. */
function parseList<Name extends string>(
  option: string,
  list: string | undefined,
  valid: readonly Name[],
): ReadonlySet<Name> {
  if (list === undefined) return new Set(valid);
  return new Set(
    list.split(",").map((text) => {
      const asked = text.trim().toLowerCase();
      const found = valid.find((name) => name.toLowerCase() === asked);
      if (found !== undefined) return found;
      throw new UsageError(
        `${option}: there is no "${text.trim()}"; there are ${valid.join(", ")}`,
      );
    }),
  );
}

/** Reads the options. Throws a UsageError. */
export function parseOptions(argv: readonly string[]): Options {
  const options = {
    help: { type: "boolean", default: false },
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    work: { type: "string" },
    peers: { type: "string" },
  } as const;
  try {
    const { help, json, quick, work, peers } = parseArgs({ args: [...argv], options }).values;
    return {
      help,
      json,
      quick,
      works: parseList("--work", work, WORKS),
      peers: parseList("--peers", peers, PEER_NAMES),
    };
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message} (options: ${OPTIONS})`);
  }
}
