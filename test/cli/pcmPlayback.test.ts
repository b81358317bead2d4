import { describe, expect, test } from "vitest";
import { faultline, jsonOf } from "./command.ts";

type Row = Readonly<Record<string, unknown>>;

describe("run pcm-playback", () => {
  test("says every step, what it left, the counters and the findings", async () => {
    const { status, stdout, stderr } = await faultline(["run", "pcm-playback", "--periods", "2"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^PCM playback on x86-64, device ctl, door native, kernel 7.1, study/);
    expect(stdout).toMatch(/^WRITEI 256 +256 +RUNNING +0 +512 +0 +ack trigger:start$/m);
    expect(stdout).toMatch(/^the device plays 256 +– +RUNNING +256 +512 +256 +pointer$/m);
    expect(stdout).toMatch(/^DRAIN +sleeps +DRAINING +512 +1024 +0$/m);
    expect(stdout).toMatch(/^close +0 +– +– +– +– +hw_free close$/m);
    expect(stdout).toMatch(/^bytesFrom +\d+ +bytes /m);
    expect(stdout).toMatch(/findings: none\n$/);
  });

  test("what the device does not take is an errno, and the end of the playback", async () => {
    const { status, stdout } = await faultline(["run", "pcm-playback", "--rate", "1"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^HW_PARAMS +-EINVAL +OPEN .*\nclose /m);
  });

  test("a build that does not count says so", async () => {
    const { stdout } = await faultline(["run", "pcm-playback", "--build", "release"]);
    expect(stdout).toContain("counters: only the study build counts\n");
  });

  test("--json has the documented shape", async () => {
    const options = ["--device", "aloop", "--door", "i386", "--kernel", "6.12"];
    const object = await jsonOf(["run", "pcm-playback", ...options]);
    expect(object).toMatchObject({
      schemaVersion: 1,
      scenario: "pcm-playback",
      kernel: "6.12",
      arch: "x86-64",
      build: "study",
      device: "aloop",
      door: "i386",
      findings: [],
    });
    expect((object["steps"] as Row[])[0]).toEqual({
      asked: "open",
      result: 0,
      state: "OPEN",
      hwPtr: 0,
      applPtr: 0,
      avail: 0,
      driverCalls: ["open"],
    });
  });
});

describe("compare pcm-playback", () => {
  const few = ["compare", "pcm-playback", "--arch", "none,x86-64", "--period", "64,32"];

  test("has a row for each strategy of each period on each architecture", async () => {
    const { status, stdout, stderr } = await faultline([...few, "--strategy", "copy,per-field"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const rows = [...stdout.matchAll(/^ +(\d+) +(\S+) +native64 +(\S+) /gm)];
    expect(rows.map(([, ...cells]) => cells.join(" "))).toEqual(
      ["none", "x86-64"].flatMap((arch) =>
        [64, 32].flatMap((period) =>
          ["copy", "per-field"].map((name) => `${period} ${arch} ${name}`),
        ),
      ),
    );
    expect(stdout).toMatch(/^ +64 +none +native64 +copy +0 +\d+ +– +– +– +– +432 /m);
  });

  test("--json has the documented shape", async () => {
    const object = await jsonOf(few);
    expect(object).toMatchObject({ schemaVersion: 1, scenario: "pcm-playback", kernel: "7.1" });
    const rows = object["rows"] as Row[];
    expect(rows).toHaveLength(12);
    for (const row of rows) {
      for (const key of ["guardOpens", "rangeChecks", "bytesCopied", "periodSize"]) {
        expect(Number.isInteger(row[key]), key).toBe(true);
      }
      expect(row["nsPerPeriod"]).toBeGreaterThan(0);
    }
  });
});
