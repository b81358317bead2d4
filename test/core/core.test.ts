import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import {
  architectures,
  behaviours,
  buildNames,
  counterTable,
  eventTable,
  findingTable,
  Machine,
  type BuildName,
} from "../../src/index.ts";
import { loadModule } from "../../src/core/core.ts";
import { coreConstants } from "../../src/core/generated/coreConstants.ts";
import { coreRelease } from "../../src/core/generated/coreRelease.ts";
import { signedCore } from "../support/signedCore.ts";

/** The four cores as files: what they may hold, and that the host's tables and the core agree. */
const root = new URL("../../", import.meta.url);
const asconfig = JSON.parse(readFileSync(new URL("asconfig.json", root), "utf8")) as {
  readonly options: { readonly memoryBase: number };
};
const wasmOf = (build: BuildName): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`wasm/${build}.wasm`, root)));

const SECTION_DATA = 11;
const SECTION_GLOBAL = 6;
const SEGMENT_ACTIVE = 0;
const OPCODE_END = 0x0b;
const OPCODE_I32_CONST = 0x41;

/** Reads a wasm file front to back. */
class Reader {
  at: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  /** An unsigned LEB128 number. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
}

/** The content of a section, or undefined where there is none. */
function section(wasm: Uint8Array, wanted: number): Uint8Array | undefined {
  const reader = new Reader(wasm, 8);
  while (reader.at < wasm.length) {
    const id = reader.byte();
    const length = reader.number();
    if (id === wanted) return wasm.subarray(reader.at, reader.at + length);
    reader.at += length;
  }
  return undefined;
}

/** A core as the compiler left it: the last section is the one that names the release. */
function withoutSignature(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new Reader(wasm, 8);
  let last = 0;
  while (reader.at < wasm.length) {
    last = reader.at;
    reader.byte();
    const length = reader.number();
    reader.at += length;
  }
  return wasm.slice(0, last);
}

/** The globals a core defines, as "mutable" or "constant". */
function globalsOf(wasm: Uint8Array): string[] {
  const content = section(wasm, SECTION_GLOBAL);
  if (content === undefined) return [];
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    reader.byte(); // its type
    const mutable = reader.byte() === 1;
    // an initial value is a constant of some type, a LEB128 number, and the end
    expect(reader.byte()).toBeGreaterThanOrEqual(OPCODE_I32_CONST);
    while (reader.byte() >= 0x80);
    expect(reader.byte()).toBe(OPCODE_END);
    return mutable ? "mutable" : "constant";
  });
}

/** Where each segment of data begins and ends. */
function dataOf(wasm: Uint8Array): (readonly [from: number, to: number])[] {
  const content = section(wasm, SECTION_DATA);
  if (content === undefined) return [];
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    expect(reader.byte()).toBe(SEGMENT_ACTIVE);
    expect(reader.byte()).toBe(OPCODE_I32_CONST);
    const from = reader.number();
    expect(reader.byte()).toBe(OPCODE_END);
    const length = reader.number();
    reader.at += length;
    return [from, from + length] as const;
  });
}

describe.each(buildNames)("the %s core", (build) => {
  const wasm = wasmOf(build);
  const module = new WebAssembly.Module(wasm);

  test("keeps no state outside linear memory, but for asyncify's two words", () => {
    const mutable = globalsOf(wasm).filter((kind) => kind === "mutable");
    expect(mutable).toHaveLength(build === "study" ? 2 : 0);
  });

  test("brings no data but constants that no machine clears or overlaps", async () => {
    const machine = await Machine.create({ build });
    const firstRegion = machine.header("HEADER_CPUS");
    for (const [from, to] of dataOf(wasm)) {
      expect(from).toBeGreaterThanOrEqual(asconfig.options.memoryBase);
      expect(to).toBeLessThanOrEqual(firstRegion);
    }
  });

  test("imports its memory, the scheduler (study), and which CPU its thread is (threads)", () => {
    const imports = WebAssembly.Module.imports(module).map(
      ({ module, name, kind }) => `${module}.${name}: ${kind}`,
    );
    const more: Partial<Record<BuildName, string>> = {
      study: "host.switchFiber: function",
      threads: "host.cpu: global",
    };
    expect(imports.sort()).toEqual(["env.memory: memory", more[build] ?? []].flat());
  });

  test("exports what the release core exports", () => {
    const namesOf = (source: WebAssembly.Module): string[] =>
      WebAssembly.Module.exports(source)
        .map(({ name }) => name)
        .filter((name) => !name.startsWith("asyncify_"))
        .sort();
    expect(namesOf(module)).toEqual(namesOf(new WebAssembly.Module(wasmOf("release"))));
  });
});

/**
 * 64 KiB for user access with PCM, and so much for each system that came later; mm's share is mremap and rare
 * memory with device DAX, the OOM reaper, tagged addresses and the splitting of huge pages, remote VM's has the owners of
 * a process's files too, that of the fast paths the locks they stand on, and a walk written out in each of them; perf has
 * a second one for every design of the user registers' copy, and a plain sample written out; virtio has a period's whole way
 * written out; the futex's last KiB is what a signal does to its sleeps, and UMCG's its own sleep and its words with times.
 */
test("the release core is small", () => {
  const KIB = 1 << 10;
  const pcm = 64 * KIB;
  const pcmEarlySilence = KIB;
  const remoteVm = 17 * KIB;
  const mm = 11 * KIB;
  const remoteFastPaths = 10 * KIB;
  const perfEvents = 11 * KIB;
  const virtioSnd = 18 * KIB;
  const virtioPeriods = 6 * KIB;
  const futex = 15 * KIB;
  const umcg = 5 * KIB;
  const perfDesigns = 4 * KIB;
  const perfPlainSamples = 2 * KIB;
  const perf = perfEvents + perfDesigns + perfPlainSamples;
  const rest = remoteVm + mm + remoteFastPaths + perf + virtioSnd + virtioPeriods + futex + umcg;
  expect(wasmOf("release").length).toBeLessThan(pcm + pcmEarlySilence + rest);
});

describe("the host's tables name the core's constants, all of them", () => {
  /** Fields of the records that findings and events are kept in: offsets, not kinds. */
  const layout = /^(FINDING|EVENT)_(BYTES|SLOTS|KIND|CPU|TASK|DETAIL|FLAG|VA|SEQUENCE)$/;
  const source = (file: string): string => readFileSync(new URL(`assembly/${file}`, root), "utf8");
  const declared = (file: string, prefix: string): string[] =>
    [...source(file).matchAll(new RegExp(`export const (${prefix}_\\w+): u32`, "g"))].map(
      ([, name]) => name!,
    );

  test.each([
    { prefix: "COUNT", file: "study/counters.ts", table: counterTable },
    { prefix: "FINDING", file: "machine/findings.ts", table: findingTable },
    { prefix: "EVENT", file: "study/events.ts", table: eventTable },
    { prefix: "ARCH", file: "arch/profile.ts", table: architectures },
    { prefix: "BEHAVIOUR", file: "arch/profile.ts", table: behaviours },
  ])("$prefix", ({ prefix, file, table }) => {
    const names = table.map((row) => row.constant as string).sort();
    const given = Object.keys(coreConstants).filter(
      (name) => name.startsWith(`${prefix}_`) && !layout.test(name),
    );
    expect(names).toEqual(given.sort());
    expect(names).toEqual(declared(file, prefix).sort());
    const numbers = names.map((name) => coreConstants[name as keyof typeof coreConstants]);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("there is room for every counter", () => {
    const slots = counterTable.map((row) => coreConstants[row.constant]);
    expect(Math.max(...slots)).toBeLessThan(coreConstants.COUNTER_SLOTS);
  });
});

describe("a core of the caller's own", () => {
  const release = wasmOf("release");
  const works = async (
    wasm: NonNullable<Parameters<typeof Machine.create>[0]>["wasm"],
  ): Promise<void> => {
    const machine = await Machine.create({
      memory: "256K",
      ...(wasm === undefined ? {} : { wasm }),
    });
    expect(machine.framesInUse).toBe(1);
  };

  test("as bytes, as a module, as a response", async () => {
    await works(release);
    await works(
      release.buffer.slice(release.byteOffset, release.byteOffset + release.length) as ArrayBuffer,
    );
    await works(new WebAssembly.Module(release));
    await works(new Response(release));
    await works(Promise.resolve(new Response(release)));
  });

  test("from an address", async () => {
    const server = createServer((request, response) => {
      response.end(
        request.url === "/core.wasm" ? release : "<!doctype html><title>Not found</title>",
      );
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await works(new URL(`${base}/core.wasm`));
      await works(`${base}/core.wasm`);
      await expect(works(`${base}/missing.wasm`)).rejects.toMatchObject({
        code: "not-wasm",
        message: expect.stringContaining("it starts like an HTML page") as string,
      });
    } finally {
      server.close();
    }
  });

  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

  test.each<[string, BufferSource | WebAssembly.Module, BuildName, string]>([
    ["nothing", new Uint8Array(), "release", "not-wasm"],
    ["a text", new TextEncoder().encode("hello, world"), "release", "not-wasm"],
    ["half a core", release.subarray(0, 1000), "release", "not-wasm"],
    ["an empty module", empty, "release", "wrong-core"],
    ["the study core for release", wasmOf("study"), "release", "wrong-core"],
    ["the release core for study", release, "study", "wrong-core"],
    ["the release core for threads", release, "threads", "wrong-core"],
    ["the threads core for release", wasmOf("threads"), "release", "wrong-core"],
    ["the profile core for release", wasmOf("profile"), "release", "wrong-core"],
  ])("%s is refused in one line", async (_, wasm, build, code) => {
    const failure = await Machine.create({ wasm, build, memory: "256K" }).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ name: "FaultlineError", code });
    expect(failure!.message).not.toContain("\n");
  });

  test.each(buildNames)(
    "the %s core of another release is refused with both named",
    async (build) => {
      const unsigned = withoutSignature(wasmOf(build));
      const attempt = (wasm: Uint8Array<ArrayBuffer>): Promise<Machine> =>
        Machine.create({ wasm, build, memory: "256K" });
      await expect(attempt(unsigned)).rejects.toMatchObject({
        code: "wrong-core",
        message: expect.stringContaining('it has no section "faultline"') as string,
      });
      for (const release of ["0.0.9", coreRelease.replace(/.\)$/, "x)")]) {
        await expect(attempt(signedCore(unsigned, build, release))).rejects.toMatchObject({
          code: "wrong-core",
          message: `the module given is no ${build} core: it is of release ${release}, this library of ${coreRelease}`,
        });
      }
      expect((await attempt(signedCore(unsigned, build))).framesInUse).toBe(1);
    },
  );

  test("the built-in cores are compiled once", async () => {
    expect(await loadModule("release")).toBe(await loadModule("release"));
    expect(await loadModule("release", release)).not.toBe(await loadModule("release"));
  });
});
