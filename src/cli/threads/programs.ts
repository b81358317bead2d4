import { CONTEND, contend } from "../../conformance/futex/threads.ts";
import { stressPrograms } from "../../scenarios/futexStressPrograms.ts";
import { virtioThreadsPrograms } from "../../scenarios/virtioThreadsPrograms.ts";
import type { ThreadProgram } from "../../threads/serve.ts";

/** What a thread of the command can run by itself. */
export const programs: Readonly<Record<string, ThreadProgram>> = {
  [CONTEND]: contend,
  ...stressPrograms,
  ...virtioThreadsPrograms,
};
