import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { driverPath, threadPath } from "./page/threadNames.ts";
import { bundleForBrowser, root } from "./support/bundle.ts";
import { launchChromium, newPage } from "./support/chromium.ts";
import { isolation, pageWith, servePages, type Answer, type PageServer } from "./support/server.ts";

/** CPUs that are workers of a browser. */

const CORE = "/threads.wasm";

let server: PageServer;
let browser: Browser;

async function script(path: string, name: string): Promise<[string, Answer]> {
  const entryPoints = [`test/browser/page/${name}.ts`];
  const { code } = await bundleForBrowser({ entryPoints, conditions: ["source"] });
  return [path, { type: "text/javascript", body: code, headers: isolation }];
}

beforeAll(async () => {
  const core = await readFile(join(root, "wasm", "threads.wasm"));
  const answers = await Promise.all([
    script(driverPath, "threadDriver"),
    script(threadPath, "thread"),
  ]);
  const page = { type: "text/html", body: pageWith("/none.js"), headers: isolation };
  const none = { type: "text/javascript", body: "", headers: isolation };
  server = await servePages(
    new Map<string, Answer>([
      ...answers,
      ["/", page],
      ["/none.js", none],
      [CORE, { type: "application/wasm", body: core, headers: isolation }],
    ]),
  );
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test("one that ends unasked is noticed by its lock, where ports close silently", async () => {
  const page = await newPage(browser);
  await page.goto(server.origin);
  const answer = await page.evaluate(
    ([path, wasm]) =>
      new Promise<unknown>((resolve, reject) => {
        const driver = new Worker(path, { type: "module" });
        driver.addEventListener("message", ({ data }) => resolve(data));
        driver.addEventListener("error", ({ message }) => reject(new Error(message)));
        driver.postMessage(wasm);
      }),
    [driverPath, server.origin + CORE] as const,
  );
  expect(answer).toMatch(/the thread that is CPU 1 has ended, and said nothing/);
});
