import type { Task } from "../../src/index.ts";
import { PAGE } from "./pool.ts";

/**
 * One letter a page: `.` absent, `Z` zero page, `z` huge zero page, `A` the task's own anonymous page, `a` one that
 * other processes have too, `H` one in a huge page, `F` file page, `G` guard marker, `P` memory without a page.
 */
export function letters(task: Task, at: number, pages: number): string {
  return Array.from({ length: pages }, (_, page) => letterOf(task, at + page * PAGE)).join("");
}

function letterOf(task: Task, at: number): string {
  const { kind, level, large, mapcount } = task.pageState(at);
  switch (kind) {
    case "absent":
      return ".";
    case "zero":
      return level > 1 ? "z" : "Z";
    case "private":
      return large ? "H" : mapcount > 1 ? "a" : "A";
    case "file":
      return "F";
    case "guard":
      return "G";
    case "raw":
      return "P";
  }
}
