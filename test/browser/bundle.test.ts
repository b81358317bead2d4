import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bundleForBrowser, root, type Bundle } from "./support/bundle.ts";

/**
 * A page with everything in it, the release core too, stays below this (minified bytes), or its readers wait: 375,000
 * for user access, PCM and remote memory, and 36 KiB of core for the three systems after them, which inlined is 4/3 of
 * that; 22,000 for UMCG, 4 KiB of it core, and for what the futex and it show of themselves; 28,000 for WAKE_OP and PI
 * locks to look at, 56,000 for perf's events, its designs and what they show, 8,000 for the designs of the virtio-snd
 * driver and 36,000 for its cards, devices and programs; 26,000 for what is written out of samples and periods, signals,
 * UMCG's second words, and the designs of samples to build on; 4,000 for files that are closed while they are mapped. Whoever replays brings the host's side of all five too, and
 * what their traces may say, but no scenarios.
 */
const mostBytes = { faultline: 604_000, "faultline/conformance": 532_000 } as const;

const entries = ["faultline", "faultline/conformance"] as const;
const sources = ["src/index.ts", "src/conformance/index.ts"];

/** All that an entry of the package, as it was built, brings into a browser. */
function packageBundle(entry: string): Promise<Bundle> {
  const stdin = { contents: `export * from ${JSON.stringify(entry)};`, resolveDir: root };
  return bundleForBrowser({ stdin, minify: true });
}

function sourceBundle(entry: string): Promise<Bundle> {
  return bundleForBrowser({ entryPoints: [entry], conditions: ["source"] });
}

function expectFree(bundle: Bundle): void {
  expect(bundle.warnings).toEqual([]);
  expect(bundle.imports).toEqual([]);
  expect(
    bundle.inputs.filter((path) => /Node\.[jt]s$|files\.[jt]s$|node_modules|^node:/.test(path)),
  ).toEqual([]);
}

describe("esbuild bundles for a browser, without externals and with nothing of Node:", () => {
  test.each(sources)("%s", async (entry) => {
    const bundle = await sourceBundle(entry);
    expectFree(bundle);
    expect(bundle.inputs).toContain(entry);
  });

  test("a core that is not inlined is looked for as a page has to", async () => {
    const { inputs } = await sourceBundle("src/index.ts");
    expect(inputs).toContain("src/core/locateWasmWeb.ts");
  });

  test.each(entries)('the package, as "%s"', async (entry) => {
    const bundle = await packageBundle(entry);
    expectFree(bundle);
    expect(bundle.bytes).toBeLessThan(mostBytes[entry]);
    const packed = gzipSync(bundle.code).byteLength;
    console.info(`${entry}: ${bundle.bytes} bytes minified, ${packed} gzipped`);
  });
});

test("what only Node can do fails the bundle", async () => {
  await expect(sourceBundle("src/conformance/files.ts")).rejects.toThrow(
    /Could not resolve "node:/,
  );
});
