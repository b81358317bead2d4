import { reservationsText } from "../../report/perfReservations.ts";
import {
  runPerfRecordWrap,
  runPerfSharedSample,
  runPerfStackZero,
} from "../../scenarios/perfDemonstrations.ts";
import type { ReservationRun } from "../../scenarios/perfReservations.ts";
import type { ScenarioCommands } from "./scenario.ts";

function demonstrated(run: () => Promise<ReservationRun>): ScenarioCommands {
  return {
    run: {
      addOptions: () => undefined,
      perform: async () => {
        const data = await run();
        return { data, text: () => reservationsText(data), failed: false };
      },
    },
  };
}

export const perfStackZeroCommands: ScenarioCommands = demonstrated(runPerfStackZero);
export const perfRecordWrapCommands: ScenarioCommands = demonstrated(runPerfRecordWrap);
export const perfSharedSampleCommands: ScenarioCommands = demonstrated(runPerfSharedSample);
