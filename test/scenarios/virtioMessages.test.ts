import { expect, test } from "vitest";
import { runVirtioSndMessages, virtioSndMessageDesigns } from "../../src/index.ts";

const MESSAGES = 200_000;
const MOST = 2 ** 16;

test.each(virtioSndMessageDesigns)(
  "%s: the indexes go round, and nothing is lost",
  async (design) => {
    const run = await runVirtioSndMessages({ design, messages: MESSAGES });
    expect(run).toMatchObject({ played: MESSAGES, position: MESSAGES, lost: 0, wrong: 0 });
    expect(run.used).toEqual({ steps: MESSAGES, value: MESSAGES % MOST });
    expect(run.available.steps).toBe(MESSAGES + run.waiting);
    expect(run.available.value).toBe((MESSAGES + run.waiting) % MOST);
    expect([run.waiting > 0, run.looked > 0, run.findings]).toEqual([true, true, []]);
  },
);
