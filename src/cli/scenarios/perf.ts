import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import { perfComparisonText, perfText } from "../../report/perf.ts";
import { comparePerf, perfDefaults } from "../../scenarios/comparePerf.ts";
import { perfHitNames, perfRequestNames } from "../../scenarios/perfCase.ts";
import { perfDesignNames } from "../../scenarios/perfDesigns.ts";
import { runPerf, runPerfDefaults } from "../../scenarios/runPerf.ts";
import { sampleContexts } from "../../systems/perf/interruption.ts";
import { nameList } from "../arguments.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly design: string;
  readonly hit: string;
  readonly request: string;
  readonly interrupt?: string;
  readonly at: string;
}

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--design <name>", perfDesignNames.join(", "), runPerfDefaults.design)
      .option("--hit <name>", `where: ${perfHitNames.join(", ")}`, runPerfDefaults.hit)
      .option(
        "--request <name>",
        `what for: ${perfRequestNames.join(", ")}`,
        runPerfDefaults.request,
      )
      .option("--interrupt <context>", `a sample in between: ${sampleContexts.join(", ")}`)
      .option("--at <point>", "stores of the copy before it comes", String(runPerfDefaults.at)),
  perform: async ({ design, hit, request, interrupt, at }) => {
    const data = await asOptions(
      runPerf({
        design: oneOf("--design", design, perfDesignNames),
        hit: oneOf("--hit", hit, perfHitNames),
        request: oneOf("--request", request, perfRequestNames),
        at: pointOf(at),
        ...(interrupt === undefined
          ? {}
          : { interrupt: oneOf("--interrupt", interrupt, sampleContexts) }),
      }),
    );
    return { data, text: () => perfText(data), failed: data.findings.length > 0 };
  },
};

/** What only the sample itself shows to be wrong names the option that it was typed for. */
async function asOptions<Result>(run: Promise<Result>): Promise<Result> {
  try {
    return await run;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { argument, problem, valid } = error;
    throw new UsageError({ argument: `--${argument}`, problem, valid }, { cause: error });
  }
}

function pointOf(text: string): number {
  const point = Number(text);
  if (/^\d{1,3}$/.test(text.trim())) return point;
  throw new UsageError({
    argument: "--at",
    problem: `is "${text}"`,
    valid: "a whole number from 0",
  });
}

interface CompareFlags {
  readonly design: string;
  readonly hit: string;
  readonly request: string;
}

const listed = (what: string, names: readonly string[]): string =>
  `${what}, with commas, or all: ${names.join(", ")}`;

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--design <names>", listed("one or more", perfDesignNames), "all")
      .option("--hit <names>", listed("where samples are taken", perfHitNames), "all")
      .option(
        "--request <names>",
        listed("what they ask for", perfRequestNames),
        perfDefaults.requests.join(),
      ),
  perform: async ({ design, hit, request }) => {
    const data = await comparePerf({
      designs: nameList("--design", design, perfDesignNames),
      hits: nameList("--hit", hit, perfHitNames),
      requests: nameList("--request", request, perfRequestNames),
    });
    return { data, text: () => perfComparisonText(data), failed: false };
  },
};

export const perfCommands: ScenarioCommands = { run, compare };
