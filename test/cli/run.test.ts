import { expect, test } from "vitest";
import { jsonOf, spawned } from "./command.ts";

test("run sync-ptr says result, memory, counters, cost and findings", async () => {
  const { status, stdout, stderr } = await spawned(["run", "sync-ptr"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^SYNC_PTR on x86-64, ABI compat, strategy kernel, kernel 7.1: 0\n/);
  expect(stdout).toMatch(/^hw_ptr +the kernel's value$/m);
  expect(stdout).toMatch(/^userStores +9 +stores /m);
  expect(stdout).toMatch(/^instructions +\d+ +\d+ +\d+ /m);
  expect(stdout).toMatch(/findings: none\n$/);
});

test("run sync-ptr --fault-at stops at the field", async () => {
  const args = ["run", "sync-ptr", "--arch", "powerpc-8xx", "--strategy", "unsafe-block"];
  const { status, stdout } = await spawned([...args, "--fault-at", "appl_ptr"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^SYNC_PTR on powerpc-8xx.*read-only from appl_ptr on: -EFAULT$/m);
  expect(stdout).toMatch(/^audio_tstamp_nsec +the kernel's value$/m);
  expect(stdout).toMatch(/^appl_ptr +unchanged$/m);
  expect(stdout).toContain("cost: not priced");
});

test("run sync-ptr --json has the documented shape", async () => {
  const object = await jsonOf(
    ["run", "sync-ptr", "--strategy", "copy", "--kernel", "6.12"],
    spawned,
  );
  expect(object).toMatchObject({
    schemaVersion: 1,
    scenario: "sync-ptr",
    kernel: "6.12",
    outcome: { arch: "x86-64", abi: "compat", strategy: "copy", result: 0, faultAt: null },
    counters: { copiesTo: 2, bytesTo: 40, faults: 0 },
    findings: [],
  });
});

test("the scenario's name may stand behind its options", async () => {
  const options = ["--strategy", "copy", "--arch", "none"];
  const before = await spawned(["run", ...options, "sync-ptr"]);
  expect(before).toEqual(await spawned(["run", "sync-ptr", ...options]));
  expect(before.status).toBe(0);
});

test("the flags decide whose pointer it is", async () => {
  const { outcome } = await jsonOf(["run", "sync-ptr", "--flags", "0"], spawned);
  const { written } = outcome as { written: { field: string; state: string }[] };
  const unchanged = written.filter(({ state }) => state === "old").map(({ field }) => field);
  expect(unchanged).toEqual(["appl_ptr", "avail_min"]);
});

test("the same command prints the same, whatever the environment says about colour", async () => {
  const args = ["run", "sync-ptr", "--arch", "riscv64"];
  const [plain, forced] = await Promise.all([
    spawned(args, { env: { NO_COLOR: "1" } }),
    spawned(args, { env: { FORCE_COLOR: "3", CLICOLOR_FORCE: "1" } }),
  ]);
  expect(forced).toEqual(plain);
  expect(plain.stdout).not.toContain("\u001b");
});
