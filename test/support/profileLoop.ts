import { readFileSync } from "node:fs";
import { Machine } from "../../src/index.ts";
import { abiNumber, strategyNumber } from "../../src/systems/pcm/abi.ts";
import { hotFlags, prepareSyncPtr, writeArgument } from "../../src/scenarios/syncPtr.ts";

/**
 * What a profiled Node process runs: each phase of a call, over and over, inside the profile build.
 * Arguments: the core's file.
 */
const SYNC_TURNS = 2_000_000;
const GET_TURNS = 10_000_000;
const COPY_TURNS = 1_000_000;
const COPY_BYTES = 4096;
const PAGES = 64;
const FIRST = 0x40000000;

const file = process.argv[2]!;
const machine = await Machine.create({ build: "profile", wasm: readFileSync(file) });
const bed = prepareSyncPtr(machine, "compat");
const { exports } = machine;
const { cpu } = bed.task;
const gone: number[] = [];

writeArgument(bed, 0, hotFlags);
for (const strategy of ["per-field", "unsafe-block"] as const) {
  const numbers = [abiNumber(machine, "compat"), strategyNumber(machine, strategy)] as const;
  gone.push(
    exports.measureSyncPtr(
      cpu,
      bed.stream.handle,
      ...numbers,
      Number(bed.pages.address),
      0,
      SYNC_TURNS,
    ),
  );
}
const range = bed.task.map({ at: FIRST, length: PAGES * COPY_BYTES, populate: true });
const buffer = machine.allocKernel(COPY_BYTES);
gone.push(
  exports.measureCopyToUser(cpu, Number(range.address), 0, buffer.linear, COPY_BYTES, COPY_TURNS),
);
const dropped = machine.constant("TRANSLATIONS_DROPPED");
gone.push(exports.measureRandomGets(cpu, Number(range.address), 0, PAGES, GET_TURNS, 1, dropped));
if (gone.some((result) => result !== 0)) {
  throw new Error(`the loops gave ${gone.join(", ")}`);
}
