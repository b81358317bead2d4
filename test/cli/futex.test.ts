import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { faultline, jsonOf, spawned } from "./command.ts";

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

describe("futex-wake-op", () => {
  test("run spells the bits and tells the steps", async () => {
    const args = ["--op", "add", "--oparg", "0x800", "--place2", "absent", "--private"];
    const { status, stdout } = await faultline(["run", "futex-wake-op", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ +0 +1 +4 +0x800 +0x0 +0x14800000$/m);
    expect(stdout).toMatch(/^word 2 \+= -2048; then wake there too if its old value > 0$/m);
    expect(stdout).toMatch(/^ +3 +futex_atomic_op_inuser\(word 2\) +-EFAULT$/m);
    expect(stdout).toMatch(/^ +4 +fault_in_user_writeable\(word 2\) +0$/m);
    expect(stdout).toMatch(/^word 2 {2}0xfffff800, was 0x0$/m);
    expect(stdout).toMatch(/^woken {3}on word 1: 1; on word 2: nobody$/m);
  });

  test("--json has the same, also of a word that says it all", async () => {
    const args = ["run", "futex-wake-op", "--encoded", "0x10003000", "--sleepers2", "0"];
    expect(await jsonOf(args)).toMatchObject({
      schemaVersion: 1,
      operation: { opName: "add", oparg: 3, cmpName: "eq" },
      after: 3,
      passed: true,
      result: 1,
    });
  });

  test("compare has a line for each operation, comparison and place", async () => {
    const args = ["--arch", "x86-64,arm64-pan", "--oparg", "-1,0x10"];
    const { status, stdout } = await faultline(["compare", "futex-wake-op", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^add +0xf000000e +0x7000000f +0xf000001f +0xf001000f +all 2$/m);
    expect(stdout).toMatch(/^lt +1 \+ 1 +1 \+ 0 +1 \+ 0 +all 2$/m);
    expect(stdout).toMatch(/^6 +-ENOSYS +-ENOSYS +-ENOSYS +all 2$/m);
    expect(stdout).toMatch(/^private +2 +absent +1 +2 +1 +1 +0x1 +all 2$/m);
    expect(stdout).toMatch(/^arm64-pan +2 +3 +1 +\d+ +– +\d+ ns$/m);
  });

  test.each([
    [["--op", "nand"], "--op"],
    [["--op", "8"], "--op"],
    [["--cmp", "16"], "--cmp"],
    [["--oparg", "4096"], "--oparg"],
    [["--cmparg", "-2049"], "--cmparg"],
    [["--encoded", "0", "--shift"], "--encoded"],
    [["--encoded", "-1"], "--encoded"],
    [["--place", "shared"], "--place"],
    [["--place2", "unmapped", "--word", "1"], "word"],
    [["--sleepers", "65"], "--sleepers"],
    [["--wake", "2147483648"], "--wake"],
    [["--wake2", "all"], "--wake2"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await faultline(["run", "futex-wake-op", ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} [^\n]+; valid: [^\n]+\n$`));
  });
});

test("replay on the threads build makes each task of these kinds a thread", async () => {
  const folder = new URL("../golden/futex/", import.meta.url);
  const files = ["queue", "contend"].map((kind) => fileURLToPath(new URL(`${kind}.jsonl.gz`, folder))); // prettier-ignore
  const report = await jsonOf(["replay", ...files, "--build", "threads"], spawned);
  expect(report).toMatchObject({ passed: 392, failed: 0 });
});

test.each([
  ["8", ""],
  ["ADD", " (did you mean add?)"],
])("a futex-wake-op of %s is told all that it may be: names and numbers", async (op, meant) => {
  const { stderr } = await faultline(["run", "futex-wake-op", "--op", op]);
  const valid = "valid: set, add, or, andn, xor, 0 to 7";
  expect(stderr).toBe(`faultline: --op "${op}" is unknown${meant}; ${valid}\n`);
});

describe("futex-pi", () => {
  test("run tells a program of one's own step by step", async () => {
    const args = ["--tasks", "A:1,B:8", "--program", "A lock; B lock for 1000; clock 1000"];
    const { status, stdout } = await faultline(["run", "futex-pi", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ +2 +B lock for 1000 +sleeps +A\|W +A +B +1→8 +8 +A$/m);
    expect(stdout).toMatch(/^ +3 +clock 1000 +B: -ETIMEDOUT +A\|W +1 +8 +B$/m);
    expect(stdout).toMatch(/^asleep at the end: nobody$/m);
  });

  test("--json has the same", async () => {
    const object = await jsonOf(["run", "futex-pi", "--name", "trylock", "--arch", "none"]);
    expect(object).toMatchObject({ schemaVersion: 1, name: "trylock", locks: "pi", asleep: [] });
    expect((object["steps"] as readonly object[])[1]).toMatchObject({ result: -11 });
  });

  test("compare has both kinds of lock, programs and places", async () => {
    const args = ["--arch", "x86-64,none", "--name", "inversion,owner-dies"];
    const { status, stdout } = await faultline(["compare", "futex-pi", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^high lock +sleeps +low\|W +low as 20 +sleeps +2 +mid \(high\)$/m);
    expect(stdout).toMatch(/^owner-dies +0 0 W ·\(B:0\) -ESRCH 0 +nobody +all 2$/m);
    expect(stdout).toMatch(/^private +LOCK_PI, own +-EDEADLK +0 +-EDEADLK .+ all 2$/m);
  });

  test("--help has the steps of a program", async () => {
    const { status, stdout } = await faultline(["run", "futex-pi", "--help"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}<task> requeue +<word> <lock> \[count\]: CMP_REQUEUE_PI/m);
  });

  test.each([
    [["--name", "revision"], "--name"],
    [["--locks", "mutex"], "--locks"],
    [["--tasks", "A"], "tasks"],
    [["--program", "A lock"], "program"],
    [["--tasks", "A", "--program", "A lokc"], "program, step 1"],
    [["--name", "robust", "--locks", "plain"], "locks"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await faultline(["run", "futex-pi", ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} [^\n]+; valid: [^\n]+\n$`));
  });
});

describe("futex-stress", () => {
  test("says what was done, and what of it was lost", async () => {
    const args = ["--operations", "3000", "--layout", "straddling-pages", "--work", "cmpxchg32,handoff"]; // prettier-ignore
    const { status, stdout } = await spawned(["run", "futex-stress", "--workers", "2", ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^straddling-pages +cmpxchg32 +3000 +0 +0 +0$/m);
    expect(stdout).toMatch(/^operations done 3030, lost \(0\), wakes lost \(0\)$/m);
  });

  test.each([
    [["--workers", "1"], "--workers"],
    [["--layout", "nowhere"], "--layout"],
    [["--work", "sleep"], "--work"],
    [["--operations", "0"], "--operations"],
    [["--kill", "3"], "--kill"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await spawned(["run", "futex-stress", ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} .+; valid: `));
  });
});
