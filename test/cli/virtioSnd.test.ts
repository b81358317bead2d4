import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { faultline, jsonOf, temporaryFolder, spawned } from "./command.ts";

describe("run virtio-snd", () => {
  const run = ["run", "virtio-snd"];

  test("says who had each period when, and what was heard", async () => {
    const file = join(temporaryFolder(), "a.wav");
    const { status, stdout, stderr } = await faultline([...run, "--wav", file]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toMatch(/^ +8 +the device plays +– +RUNNING +1000 +4000 +0 +1 2 3 0$/m);
    expect(stdout).toMatch(/^ +5 +0 +9 +8 +8 +16 +1 +wrong$/m);
    expect(stdout).toMatch(/^wrong periods: 4 of 8 played, of 8 in all\.$/m);
    expect(stdout).toMatch(/^finding, 4 times: virtio-store: /m);
    expect(readFileSync(file)).toHaveLength(44 + 8 * 2000);
  });

  test.each([
    ["a wrong period", ["--direction", "capture", "--design", "ack", "--count", "2"], 1],
    ["a refused call", ["--direction", "capture", "--design", "copy", "--write", "9"], 1],
    ["a start that never comes", ["--count", "2"], 1],
    ["a stream that stands still", ["--design", "copy", "--write", "4000"], 1],
    ["none of that", ["--design", "ack", "--count", "4"], 0],
  ])("says by its status how it went: %s", async (_, args, status) => {
    expect(await faultline([...run, ...args])).toMatchObject({ status, stderr: "" });
  });

  test("says that the stream never started", async () => {
    const { stdout } = await faultline([...run, "--count", "1"]);
    expect(stdout).toMatch(/ never started: it waits for 4000 frames and has 1000\.$/m);
  });

  test("--json has the same", async () => {
    const options = ["--design", "ack", "--write", "300", "--device", "lazy", "--count", "4"];
    expect(await jsonOf([...run, ...options])).toMatchObject({
      schemaVersion: 1,
      scenario: "virtio-snd",
      design: "ack",
      transfer: 300,
      end: "done",
      wrongPeriods: 0,
      findings: [],
    });
  });

  test.each([
    [["--design", "b"], "--design"],
    [["--device", "slow"], "--device"],
    [["--direction", "both"], "--direction"],
    [["--write", "0"], "--write"],
    [["--count", "64"], "--count"],
    [["--wav", "/"], "--wav"],
    [["--wav", "a.wav", "--direction", "capture"], "--wav"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stdout, stderr } = await faultline([...run, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} .+; valid: .+\n$`));
  });
});

describe("run virtio-snd-messages", () => {
  const run = ["run", "virtio-snd-messages"];

  test("says how many went through, and that none was lost", async () => {
    const { status, stdout } = await faultline([...run, "--messages", "70000"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^given back +70000 +4464 +1$/m);
    expect(stdout).toMatch(/^lost: 0; wrong periods: 0 of 18 looked at$/m);
  });

  test.each([
    [["--design", "copy"], "--design"],
    [["--messages", "0"], "--messages"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await faultline([...run, ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} .+; valid: .+\n$`));
  });
});

describe("compare virtio-snd", () => {
  const compare = ["compare", "virtio-snd"];

  test("has a line for each program, design and size, and one for each point", async () => {
    const args = ["--design", "mmap,copy", "--device", "eager", "--write", "100,25"];
    const { status, stdout } = await faultline([...compare, ...args]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^full ring +mmap +100 +4 of 8 +virtio-store$/m);
    expect(stdout).toMatch(/^first frame +copy +25 +1 of 1, -EFAULT +virtio-store$/m);
    expect(stdout).toMatch(/^R8 +HW_PARAMS for a mapped ring +mmap +0\n +copy +-EINVAL$/m);
  });

  test("an unknown design is refused by name", async () => {
    const { status, stderr } = await faultline([...compare, "--design", "b"]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^faultline: --design .+; valid: .+\n$/);
  });
});

describe("run virtio-snd-threads", () => {
  const run = ["run", "virtio-snd-threads"];

  test("says that nothing was wrong, and what was", async () => {
    const good = await spawned([...run, "--count", "300", "--signals", "event"]);
    expect(good.status).toBe(0);
    expect(good.stdout).toMatch(/^wrong periods: 0 of 300 played, of 300 in all\.$/m);
    const steps = ["--design", "mmap", "--pace", "steps"];
    const bad = await spawned([...run, "--count", "30", ...steps]);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^wrong periods: 27 of 30 played, of 30 in all\.$/m);
    expect(bad.stdout).toMatch(/^ +4 +4 +1 +old$/m);
    expect(bad.stdout).toMatch(/^never heard: 28, 29, 30$/m);
    expect(bad.stdout).toMatch(/^… and 22 more$/m);
  });

  test("captures too, and says what was read in whose turn", async () => {
    const steps = ["--direction", "capture", "--pace", "steps", "--count", "30"];
    const { status, stdout } = await spawned([...run, ...steps]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ +2 +2 +5 +later$/m);
    expect(stdout).toMatch(/^never read: 1, 2, 3$/m);
    expect(stdout).toMatch(/^wrong periods: 30 of 30 read, of 30 in all\.$/m);
  });

  test("says how many xruns the device reported, and the program met", async () => {
    const steps = ["--pace", "steps", "--count", "30", "--xruns", "9,5"];
    const { status, stdout } = await spawned([...run, "--design", "corrected", ...steps]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^dropped by an xrun +4$/m);
    expect(stdout).toMatch(/^xruns: the device reported 2, of which the program met 2, /m);
    expect(stdout).toMatch(/^wrong periods: 0 of 26 played, of 30 in all\.$/m);
  });

  test("--json has the same", async () => {
    const answer = await jsonOf(
      [...run, "--count", "20", "--write", "33", "--device", "lazy"],
      spawned,
    );
    expect(answer).toMatchObject({
      scenario: "virtio-snd-threads",
      write: 33,
      played: 20,
      wrong: 0,
    });
  });

  test.each([
    [["--design", "copy"], "--design"],
    [["--device", "late"], "--device"],
    [["--pace", "slow"], "--pace"],
    [["--signals", "none"], "--signals"],
    [["--write", "301"], "--write"],
    [["--count", "0"], "--count"],
    [["--direction", "both"], "--direction"],
    [["--xruns", "0"], "--xruns"],
    [["--count", "20", "--xruns", "3,21"], "--xruns"],
  ])("%o is refused by name", async (args, name) => {
    const { status, stderr } = await faultline([...run, ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(new RegExp(`^faultline: ${name} .+; valid: .+\n$`));
  });
});
