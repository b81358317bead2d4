/** Rows of a table in which architectures that agree stand together. */

interface Variant {
  readonly arch: string;
  readonly abi: string;
  readonly strategy: string;
}

/** Series of outcomes that are the same but for the architecture. */
interface Group<Outcome> {
  readonly archs: string[];
  readonly outcomes: readonly Outcome[];
}

/**
 * A row for each outcome, its last cell the architectures. Those on which all outcomes of an ABI and strategy are the
 * same share their rows.
 */
export function rowsByArch<Outcome extends Variant>(
  outcomes: readonly Outcome[],
  cells: (outcome: Outcome) => readonly string[],
): string[][] {
  return grouped(outcomes, cells).flatMap((group) => {
    const where = archsText(outcomes, group.outcomes[0]!.abi, group.archs);
    return group.outcomes.map((outcome) => [...cells(outcome), where]);
  });
}

/** "all 9" where every architecture that was compared in the ABI is among them. */
export function archsText(
  compared: readonly Pick<Variant, "arch" | "abi">[],
  abi: string,
  archs: readonly string[],
): string {
  const all = new Set(compared.filter((one) => one.abi === abi).map(({ arch }) => arch)).size;
  return archs.length === all && all > 1 ? `all ${all}` : archs.join(", ");
}

function grouped<Outcome extends Variant>(
  outcomes: readonly Outcome[],
  cells: (outcome: Outcome) => readonly string[],
): Group<Outcome>[] {
  const series = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const key = `${outcome.arch} ${outcome.abi} ${outcome.strategy}`;
    series.set(key, [...(series.get(key) ?? []), outcome]);
  }
  const groups = new Map<string, Group<Outcome>>();
  for (const one of series.values()) {
    const key = one.map((outcome) => cells(outcome).join()).join("|");
    const group = groups.get(key) ?? { archs: [], outcomes: one };
    group.archs.push(one[0]!.arch);
    groups.set(key, group);
  }
  return [...groups.values()];
}
