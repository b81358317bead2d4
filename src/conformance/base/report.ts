/** Counting what a replay did, and the report that comes out of it. */

/** Version of the report's shape. */
export const reportVersion = 1;

/** The field of a failure whose line, or file, is no trace. */
export const lineField = "line";

/** Cases and steps of one kind. Steps behind a case's first failure are counted, not run. */
export interface KindCount {
  cases: number;
  steps: number;
  passed: number;
  failed: number;
}

/** Steps with one operation, or comparisons of one recorded field. */
export interface PassCount {
  passed: number;
  failed: number;
}

/** One case that did not replay: where it first differed, or why its line could not be read. */
export interface Failure {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Null when the line could not be read that far. */
  readonly id: string | null;
  /** Index of the step, from 0; null when no step was reached. */
  readonly step: number | null;
  readonly op: string | null;
  /** What differed: "ret", "out", "post.hw_ptr", "drv", …; "line" for a line that cannot be read. */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;
}

/** True where the trace itself is wrong, not what the machine did. */
export function isMalformed({ field }: Failure): boolean {
  return field === lineField;
}

/** A step that answered otherwise than recorded, as a claim about this kernel predicts. */
export interface Divergence {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly step: number;
  readonly claim: string;
}

/** Bytes of other processes' memory that were moved without the mmap lock, and under it. */
export interface RemoteBytes {
  readonly fast: number;
  readonly slow: number;
}

/** The object that `faultline replay --json` prints. */
export interface ReplayReport {
  readonly schemaVersion: number;
  readonly cases: number;
  readonly steps: number;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
  readonly kinds: Readonly<Record<string, KindCount>>;
  readonly operations: Readonly<Record<string, PassCount>>;
  readonly fields: Readonly<Record<string, PassCount>>;
  /** Steps that had to differ from what was recorded, and did so as predicted. */
  readonly diverged: readonly Divergence[];
  readonly remoteBytes: RemoteBytes;
  /** Ways tried to explain steps of devices that move by themselves, and how many steps that were. */
  readonly positionTries: { readonly steps: number; readonly tries: number };
}

/** Collects the counts of a replay, case by case. */
export class ReplayTally {
  readonly #kinds = new Map<string, KindCount>();
  readonly #operations = new Map<string, PassCount>();
  readonly #fields = new Map<string, PassCount>();
  readonly #failures: Failure[] = [];
  readonly #diverged: Divergence[] = [];
  #fastBytes = 0;
  #slowBytes = 0;
  #movedSteps = 0;
  #tries = 0;

  /** Counts a case of `kind`; `failure` is null for one that replayed to its end. */
  countCase(kind: string, steps: number, failure: Failure | null): void {
    const count = this.#kinds.get(kind) ?? { cases: 0, steps: 0, passed: 0, failed: 0 };
    this.#kinds.set(kind, count);
    count.cases++;
    count.steps += steps;
    if (failure === null) {
      count.passed++;
    } else {
      count.failed++;
      this.#failures.push(failure);
    }
  }

  countOperation(op: string, outcome: keyof PassCount): void {
    countIn(this.#operations, op, outcome);
  }

  countField(field: string, outcome: keyof PassCount): void {
    countIn(this.#fields, field, outcome);
  }

  countDivergence(divergence: Divergence): void {
    this.#diverged.push(divergence);
  }

  countRemoteBytes({ fast, slow }: RemoteBytes): void {
    this.#fastBytes += fast;
    this.#slowBytes += slow;
  }

  countTries(tries: number): void {
    this.#movedSteps++;
    this.#tries += tries;
  }

  report(): ReplayReport {
    const kinds = [...this.#kinds.values()];
    const sum = (key: keyof KindCount): number => kinds.reduce((n, kind) => n + kind[key], 0);
    return {
      schemaVersion: reportVersion,
      cases: sum("cases"),
      steps: sum("steps"),
      passed: sum("passed"),
      failed: sum("failed"),
      failures: [...this.#failures],
      kinds: sorted(this.#kinds),
      operations: sorted(this.#operations),
      fields: sorted(this.#fields),
      diverged: [...this.#diverged],
      remoteBytes: { fast: this.#fastBytes, slow: this.#slowBytes },
      positionTries: { steps: this.#movedSteps, tries: this.#tries },
    };
  }
}

function countIn(counts: Map<string, PassCount>, name: string, outcome: keyof PassCount): void {
  let count = counts.get(name);
  if (count === undefined) {
    count = { passed: 0, failed: 0 };
    counts.set(name, count);
  }
  count[outcome]++;
}

function sorted<Count extends object>(counts: ReadonlyMap<string, Count>): Record<string, Count> {
  const rows = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(rows.map(([name, count]) => [name, { ...count }]));
}
