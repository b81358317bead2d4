import { expect, test } from "vitest";
import { EmulatedFutex } from "../../../src/conformance/futex/emulated.ts";
import { machineOf } from "../../machine/pool.ts";

/** A 64-bit number that no JavaScript number holds reaches the replay as an unsigned word. */
const LOWEST = "0x8000000000000000";
const EINVAL = 22;

test.each(["raw", "mono+", "real+"] as const)("%s times are signed", async (kind) => {
  const futex = new EmulatedFutex(await machineOf({ memory: "16M", kernel: "6.18" }));
  futex.reset("Linux 6.18.44 x86_64", "timeout");
  const addr = "0x40000000";
  futex.prepare({ t: 0, op: "mmap", addr, len: 4096, prot: "rw-", flags: "private|anon" });
  const wait = { t: 0, op: "futex", cmd: "WAIT", flags: [], uaddr: addr, val: "0x0" } as const;
  const { result } = futex.perform({ ...wait, timeout: [kind, -1, LOWEST], wait_return: true });
  expect(result).toBe(-EINVAL);
  expect(futex.finish()).toEqual([]);
});
