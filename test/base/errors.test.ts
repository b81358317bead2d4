import { expect, test } from "vitest";
import { FaultlineError, UsageError } from "../../src/base/errors.ts";

test("a usage error names the argument, the problem and what is valid, in one line and as fields", () => {
  const misuse = { argument: "memory", problem: "is 17 bytes", valid: "256 KiB to 2 GiB" };
  const error = new UsageError(misuse);
  expect(error.message).toBe("memory is 17 bytes; valid: 256 KiB to 2 GiB");
  expect(error).toMatchObject({ ...misuse, code: "usage", name: "UsageError" });
});

test("every deliberate error can be told from a bug by its class and keeps its cause", () => {
  const cause = new TypeError("inner");
  const error = new FaultlineError("bad-core", "the core does not load", { cause });
  expect(error).toMatchObject({ code: "bad-core", name: "FaultlineError", cause });
  expect(new UsageError({ argument: "a", problem: "b", valid: "c" })).toBeInstanceOf(
    FaultlineError,
  );
});
