import { describe, expect, test } from "vitest";
import { faultline, jsonOf } from "./command.ts";

describe("futex-cmpxchg", () => {
  test("run shows the dance step by step", async () => {
    const { status, stdout } = await faultline(["run", "futex-cmpxchg", "--page", "absent"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ +1 +futex_atomic_cmpxchg_inatomic +-EFAULT +– +–/m);
    expect(stdout).toMatch(/^ +2 +fault_in_user_writeable +0 /m);
    expect(stdout).toMatch(/^ +3 +futex_atomic_cmpxchg_inatomic +0 +0x0 +0x9/m);
    expect(stdout).toMatch(/^executed and matched: 0x9 is stored$/m);
  });

  test("--json has the same", async () => {
    const options = ["--value", "0x10", "--expected", "16", "--replacement", "1"];
    const object = await jsonOf(["run", "futex-cmpxchg", "--arch", "none", ...options]);
    expect(object).toMatchObject({ schemaVersion: 1, value: 16, matched: true, word: 1 });
  });

  test("compare puts architectures that agree into one row", async () => {
    const args = ["--arch", "x86-64,arm64-pan", "--page", "unmapped"];
    const { status, stdout } = await faultline(["compare", "futex-cmpxchg", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^unmapped +0 +-EFAULT +1 +1 +1 +1 +all 2$/m);
    expect(stdout).toMatch(/^present +128 +0 +2 +0 +2 +0 +arm64-pan$/m);
    expect(stdout).toMatch(/^x86-64 +1 +1 +\d+ +\d+ +[\d.]+$/m);
  });

  test.each([
    [["--value", "-1"], "--value"],
    [["--value", "0x100000000"], "--value"],
    [["--value", "1", "--page", "absent"], "value"],
    [["--page", "shared"], "--page"],
    [["--lost", "many"], "--lost"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await faultline(["run", "futex-cmpxchg", ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} .+; valid: `));
  });
});
