/**
 * The static checker of the rules between opening and closing the guard on user memory, after objtool's
 * (tools/objtool/check.c, 6.3).
 */
export { checkDiscipline, type DisciplineFinding, type DisciplineOptions } from "./check.ts";
export { parseProgram } from "./parse.ts";
export type { Operation, Program } from "./program.ts";
export type { RuleId } from "./rules.ts";
export type { GuardState } from "./state.ts";
