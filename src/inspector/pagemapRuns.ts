import { madeTask, type Task } from "../machine/task.ts";
import { pagesIn, type PagemapPage } from "./pagemap.ts";

/** Neighbouring pages of one area of which pagemap says the same, but for their frames. */
export interface PagemapRun {
  readonly start: bigint;
  readonly end: bigint;
  readonly present: boolean;
  readonly file: boolean;
  readonly exclusive: boolean;
  readonly guard: boolean;
}

type Bits = Omit<PagemapRun, "start" | "end">;

const nothing: Bits = { present: false, file: false, exclusive: false, guard: false };

/** Every page of a task's areas, absent ones too. Asking changes nothing. */
export function pagemapRuns(task: Task): PagemapRun[] {
  madeTask("task", task);
  const pageBytes = BigInt(task.machine.constant("PAGE_SIZE"));
  return task.vmas().flatMap(({ start, end }) => {
    const runs: PagemapRun[] = [];
    let at = start;
    for (const page of pagesIn(task, start, end)) {
      addRun(runs, { start: at, end: page.address, ...nothing });
      at = page.address + pageBytes;
      addRun(runs, { start: page.address, end: at, ...bitsOf(page) });
    }
    addRun(runs, { start: at, end, ...nothing });
    return runs;
  });
}

function bitsOf({ present, file, exclusive, guard }: PagemapPage): Bits {
  return { present, file, exclusive, guard };
}

function addRun(runs: PagemapRun[], run: PagemapRun): void {
  if (run.start === run.end) return;
  const last = runs.at(-1);
  if (last === undefined || !isAlike(last, run)) runs.push(run);
  else runs[runs.length - 1] = { ...last, end: run.end };
}

function isAlike(a: Bits, b: Bits): boolean {
  return (
    a.present === b.present &&
    a.file === b.file &&
    a.exclusive === b.exclusive &&
    a.guard === b.guard
  );
}
