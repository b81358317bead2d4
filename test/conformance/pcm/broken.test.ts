import { describe, expect, it } from "vitest";
import { mutantCore, type Mutation } from "../../support/mutant.ts";
import { pcmRecordings, type PcmKind } from "./recordings.ts";

/** One rule broken at a time, in the core or in the recording: cases fail, and where they should. */

const syncKinds: readonly PcmKind[] = [
  "sync_ptr",
  "sync_ptr_fault",
  "sync_ptr_wrap",
  "mixed_entry",
];

interface BrokenRule {
  readonly rule: string;
  readonly mutation: Mutation;
  /** Kinds that notice. */
  readonly kinds: readonly PcmKind[];
}

const brokenRules: readonly BrokenRule[] = [
  {
    rule: "avail_min stands at 76 in the 32-bit layouts with 64-bit time",
    mutation: { file: "pcm/layout.ts", find: "abi == ABI_NATIVE64 ? 80 : 76", replace: "80" },
    kinds: ["sync_ptr", "mixed_entry"],
  },
  {
    rule: "compat and x32 see pointers modulo the 32-bit boundary",
    mutation: {
      file: "pcm/syncPtr.ts",
      find: "? pointer : pointer % boundary",
      replace: "? pointer : pointer",
    },
    kinds: ["sync_ptr_wrap"],
  },
  {
    rule: "an error of HWSYNC or appl_ptr writes nothing back",
    mutation: {
      file: "pcm/syncPtr.ts",
      find: "return result < 0 ? result : writeSide",
      replace: "return writeSide",
    },
    kinds: ["sync_ptr", "mixed_entry"],
  },
  {
    rule: "a copied structure is zeroed first",
    mutation: {
      file: "pcm/syncMove.ts",
      find: "memory.fill(status, 0, argumentBytes(abi));",
      replace: "",
    },
    kinds: ["sync_ptr"],
  },
  {
    rule: "avail_min is stored, also when the write back faults",
    mutation: {
      file: "pcm/syncPtr.ts",
      find: "else stream.availMin = image.availMin;",
      replace: "",
    },
    kinds: ["sync_ptr_fault"],
  },
  {
    rule: "x32 on 6.12 stores any appl_ptr",
    mutation: { file: "pcm/syncPtr.ts", find: "if (abi == ABI_X32 &&", replace: "if (false &&" },
    kinds: ["sync_ptr"],
  },
  {
    rule: "a position past the buffer counts as 0",
    mutation: {
      file: "pcm/pointer.ts",
      find: "if (position < stream.bufferSize) return",
      replace: "if (position != stream.mask) return",
    },
    kinds: ["seq"],
  },
];

describe("a core with one rule broken", () => {
  it.each(brokenRules)("$rule", async ({ mutation, kinds }) => {
    const wasm = await mutantCore("release", [mutation]);
    const machine = await pcmRecordings.createMachine({ wasm });
    const report = pcmRecordings.replay(machine, pcmRecordings.lines(...kinds));
    for (const kind of kinds) expect(report.kinds[kind]!.failed, kind).toBeGreaterThan(0);
  });

  it("compiled by the test itself, unbroken, replays", async () => {
    const wasm = await mutantCore("release", []);
    const machine = await pcmRecordings.createMachine({ wasm });
    expect(pcmRecordings.replay(machine, pcmRecordings.lines("sync_ptr")).failures).toEqual([]);
  });
});

describe("a recording taken for one of another kernel", () => {
  it("7.1: the native call leaves holes alone and x32 checks; the compat calls are as before", async () => {
    const machine = await pcmRecordings.createMachine();
    const lines = pcmRecordings
      .lines("sync_ptr")
      .map((text) => text.replace(/"kernel":"[^"]*"/, '"kernel":"7.1.0"'));
    const failed = pcmRecordings
      .replay(machine, lines)
      .failures.map(({ id }) => /^sync_ptr-(\w+)-/.exec(id!)![1]);
    expect(new Set(failed)).toEqual(new Set(["lp64", "x32"]));
  });
});

describe("a recording with one answer changed", () => {
  type Step = Record<string, unknown>;

  /** Another value of the same shape. */
  function other(value: unknown): unknown {
    if (typeof value === "number") return value + 1;
    if (Array.isArray(value)) return value.length > 0 ? value.slice(1) : ["pointer"];
    const text = value as string;
    if (text.startsWith("0x")) return `0x${(BigInt(text) ^ 1n).toString(16)}`;
    // the first byte that still exists: chunks of "??" are bytes that do not
    return text.replace(
      /(^| )([0-9a-f])/,
      (_, blank: string, digit: string) => `${blank}${digit === "f" ? "0" : "f"}`,
    );
  }

  /** The step once for each of its answers, with that one changed. */
  function changes(step: Step): { field: string; step: Step }[] {
    const found = ["ret", "drv"]
      .filter((key) => key in step)
      .map((key) => ({ field: key, step: { ...step, [key]: other(step[key]) } }));
    if (typeof step["out"] === "string" && step["out"] !== "=") {
      found.push({ field: "out", step: { ...step, out: other(step["out"]) } });
    }
    const post = (step["post"] ?? {}) as Step;
    for (const key of Object.keys(post)) {
      found.push({
        field: `post.${key}`,
        step: { ...step, post: { ...post, [key]: other(post[key]) } },
      });
    }
    return found;
  }

  it.each(syncKinds)("%s: is noticed at that step, whatever it is", async (kind) => {
    const machine = await pcmRecordings.createMachine();
    const lines = pcmRecordings.lines(kind);
    const sample = lines.filter((_, at) => at % Math.ceil(lines.length / 5) === 0);
    const wrong: string[] = [];
    let tried = 0;
    for (const text of sample) {
      const whole = JSON.parse(text) as { id: string; steps: Step[] };
      for (const [at, original] of whole.steps.entries()) {
        for (const { field, step } of changes(original)) {
          tried++;
          const steps = whole.steps.with(at, step);
          const line = JSON.stringify({ ...whole, steps });
          const [failure] = pcmRecordings.replay(machine, [line]).failures;
          if (failure?.step !== at || failure.field !== field) {
            wrong.push(`${whole.id} step ${at} ${field}: ${JSON.stringify(failure)}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(50);
  });
});
