import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emulatedSystems, Replayer, type ReplayReport } from "../../src/conformance/index.ts";
import { readTraceLines } from "../../src/conformance/files.ts";
import {
  abiNames,
  compareRemote,
  compareSyncPtr,
  Machine,
  remotePathNames,
  runRemote,
  runSyncPtr,
  type CompareRow,
} from "../../src/index.ts";
import type { Jobs } from "./page/jobs.ts";
import { inShare } from "./page/share.ts";
import { launchChromium, newPage } from "./support/chromium.ts";
import { servePages, type PageServer } from "./support/server.ts";
import { goldenFiles, goldenFolder, paths, siteAnswers } from "./support/site.ts";

let server: PageServer;
let browser: Browser;
let traces: string[];

beforeAll(async () => {
  traces = await goldenFiles();
  browser = await launchChromium();
  server = await servePages(await siteAnswers());
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** A page that has loaded its script, what it asked the network for, and what went wrong unseen. */
interface OpenPage {
  readonly page: Page;
  readonly requests: string[];
  readonly problems: string[];
}

async function open(path: string): Promise<OpenPage> {
  const page = await newPage(browser);
  const requests: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => requests.push(request.url().replace(server.origin, "")));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => problems.push(message.text()));
  await page.goto(server.origin + path);
  await page.waitForFunction(() => "jobs" in globalThis);
  return { page, requests, problems };
}

/**
 * Does one of the page's jobs in the page. It begins in a turn of its own: what the debugger's protocol calls directly
 * may make code from text, whatever the page's policy says.
 */
async function ask<Name extends keyof Jobs>(
  { page }: OpenPage,
  name: Name,
  ...args: Parameters<Jobs[Name]>
): Promise<Awaited<ReturnType<Jobs[Name]>>> {
  const answer: unknown = await page.evaluate(
    async ([job, list]) => {
      const { jobs } = globalThis as unknown as {
        jobs: Record<string, (...list: unknown[]) => unknown>;
      };
      await new Promise((resolve) => setTimeout(resolve));
      return jobs[job]!(...list);
    },
    [name, args] as const,
  );
  return answer as Awaited<ReturnType<Jobs[Name]>>;
}

/** The same share of the traces in Node; what it finds does not depend on the build. */
async function replayInNode(): Promise<ReplayReport> {
  const machine = await Machine.create({ memory: "16M", kernel: "6.12" });
  const replayer = new Replayer(emulatedSystems(machine));
  for (const name of traces) {
    for await (const { line, text } of readTraceLines(join(goldenFolder, name))) {
      if (inShare(name, line)) replayer.replayLine(name, line, text);
    }
  }
  return replayer.report();
}

/** Times are each machine's own, at that moment. */
function withoutTimes(rows: readonly CompareRow[]): CompareRow[] {
  return rows.map((row) => ({ ...row, nsPerCall: 0, userShare: 0 }));
}

describe("an isolated page under script-src 'self' 'wasm-unsafe-eval'", () => {
  let isolated: OpenPage;
  let expected: ReplayReport;

  beforeAll(async () => {
    [isolated, expected] = await Promise.all([open(paths.isolated), replayInNode()]);
  });

  test("may share memory, and may make no code from text", async () => {
    expect(await ask(isolated, "pageState")).toEqual({
      isolated: true,
      sharedMemory: true,
      evalWorks: false,
    });
  });

  test("compares SYNC_PTR in every ABI with the rows that Node gives", async () => {
    const options = { abis: abiNames };
    const rows = await ask(isolated, "compare", paths.core("study"), options);
    const inNode = await compareSyncPtr(options);
    expect(withoutTimes(rows)).toEqual(withoutTimes(inNode.rows));
    expect(rows.filter((row) => !(row.nsPerCall > 0))).toEqual([]);
  });

  test("reads another process's memory by every path as Node does", async () => {
    const options = { layouts: ["alternating", "hugetlb", "device"], lengths: [16, 8192] } as const;
    const answer = await ask(isolated, "compareRemote", paths.core("study"), options);
    expect(answer).toEqual(await compareRemote("remote-read", options));
    expect(answer.rows).toHaveLength(3 * 2 * remotePathNames.length);
  });

  test("Node's own share of the traces is there to compare with", () => {
    expect(Object.keys(expected.kinds)).toHaveLength(traces.length);
    expect(expected.failures).toEqual([]);
  });

  test.each([
    { build: "release", wasm: null },
    { build: "threads", wasm: paths.core("threads") },
    { build: "study", wasm: paths.core("study") },
    { build: "profile", wasm: paths.core("profile") },
  ] as const)("replays the traces on the $build build as Node does", async (core) => {
    expect(await ask(isolated, "replay", core, traces)).toEqual(expected);
  });

  test("replays on the threads build in a worker, where its CPUs will live", async () => {
    const answer = await isolated.page.evaluate(
      ([script, ...job]) =>
        new Promise<unknown>((resolve, reject) => {
          const worker = new Worker(script, { type: "module" });
          worker.addEventListener("message", (event) => resolve(event.data));
          worker.addEventListener("error", (event) => reject(new Error(event.message)));
          worker.postMessage(job);
        }),
      [
        paths.worker,
        { build: "threads", wasm: new URL(paths.core("threads"), server.origin).href },
        traces,
      ] as const,
    );
    expect(answer).toEqual(expected);
  });

  test("says so when no address is given, or that of another build", async () => {
    const none = await ask(isolated, "createError", { build: "study", wasm: null });
    expect(none).toMatchObject({ name: "FaultlineError", code: "wasm-not-given" });
    expect(none!.message).toContain("study");
    const other = { build: "study", wasm: paths.core("release") } as const;
    expect(await ask(isolated, "createError", other)).toMatchObject({ code: "wrong-core" });
  });

  test("does all this without an error that nobody caught", () => {
    expect(isolated.problems).toEqual([]);
  });
});

describe("a page without any headers, with the package as it was built", () => {
  let plain: OpenPage;

  beforeAll(async () => {
    plain = await open(paths.plain);
  });

  test("shares no memory", async () => {
    expect(await ask(plain, "pageState")).toMatchObject({ isolated: false, sharedMemory: false });
  });

  test("makes a release machine and replays with nothing to fetch but the traces", async () => {
    const some = traces.filter((name) => name.startsWith("sync_ptr_wrap"));
    const report = await ask(plain, "replay", { build: "release", wasm: null }, some);
    expect(report.failures).toEqual([]);
    expect(report.cases).toBeGreaterThan(0);
    expect(plain.requests).toEqual([
      paths.plain,
      "/package.js",
      ...some.map((name) => `/golden/${name}`),
    ]);
  });

  test("runs the scenario as Node does", async () => {
    expect(await ask(plain, "run", paths.core("study"))).toEqual(await runSyncPtr());
  });

  test("shows another process's page tables before a read and after it, as Node does", async () => {
    const options = {
      layout: "absent",
      length: 8192,
      path: "fast-v3-sketch",
      show: "tables",
    } as const;
    const answer = await ask(plain, "readRemote", paths.core("study"), options);
    expect(answer).toEqual(await runRemote("remote-read", options));
    expect(answer.pages).toEqual({ before: "..", after: "ZZ", moved: "ff" });
  });

  test("cannot have the threads build, and says why", async () => {
    const core = { build: "threads", wasm: paths.core("threads") } as const;
    const error = await ask(plain, "createError", core);
    expect(error).toMatchObject({ name: "FaultlineError", code: "no-shared-memory" });
    expect(error!.message).toContain("cross-origin isolation");
  });

  test("has nothing to complain of", () => {
    expect(plain.problems).toEqual([]);
  });
});

test.each([
  { leads: "to a page", wasm: paths.plain, code: "not-wasm", words: /HTML.*pass \{ wasm \}/ },
  {
    leads: "to nothing",
    wasm: "/wasm/wrong.wasm",
    code: "not-fetched",
    words: /wrong\.wasm answered 404/,
  },
])("an address of a core that leads $leads gives an error that says so", async (wrong) => {
  const page = await open(paths.isolated);
  const error = await ask(page, "createError", { build: "study", wasm: wrong.wasm });
  expect(error).toMatchObject({ name: "FaultlineError", code: wrong.code });
  expect(error!.message).toMatch(wrong.words);
});

test("a policy without 'wasm-unsafe-eval' is named as the reason", async () => {
  const forgotten = await open(paths.forgotten);
  const error = await ask(forgotten, "createError", { build: "release", wasm: null });
  expect(error).toMatchObject({ name: "FaultlineError" });
  expect(error!.message).toContain("Content Security Policy");
});
