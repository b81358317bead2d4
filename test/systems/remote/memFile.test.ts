import { beforeEach, describe, expect, test } from "vitest";
import { runPrograms, type Operation } from "../../../src/index.ts";
import { PAGE, machineOf } from "../../machine/pool.ts";
import { BASE, Race, program, raceMachine } from "./race.ts";

let race: Race;

beforeEach(async () => {
  race = new Race(await machineOf(raceMachine));
});

describe("/proc/PID/mem", () => {
  test("pread and preadv leave the file's position alone, also while they run", () => {
    race.filled(0, 3);
    const exports = race.machine.rawExports;
    expect(exports.openMemFile(race.reader.cpu, race.target.handle)).toBe(0);
    const file = race.machine.exports.readValueLow(race.reader.cpu) >>> 0;
    const word = (file + race.machine.constant("MEM_FILE_POSITION")) >>> 2;
    race.machine.words[word] = 4711;
    const own = 0x20000000;
    const list = race.reader.map({ at: own, length: 4 * PAGE, populate: true });
    list.write(
      3 * PAGE,
      new Uint8Array(new BigUint64Array([BigInt(own), BigInt(3 * PAGE)]).buffer),
    );
    const calls: readonly Operation[] = [
      {
        name: "pread",
        call: () => exports.memMoveAt(race.reader.cpu, file, own, 0, 3 * PAGE, 0, BASE, 0, 0),
      },
      {
        name: "preadv",
        call: () => exports.memMoveList(race.reader.cpu, file, own + 3 * PAGE, 0, 1, BASE, 0, 0),
      },
    ];
    const positions = new Set<number>();
    let steps = 0;
    const traces = runPrograms(race.machine, [{ task: race.reader, body: program(calls) }], {
      choose: (runnable) => {
        steps += 1;
        positions.add(race.machine.words[word]!);
        return runnable[0]!;
      },
    });
    expect(traces[0]!.results.map(({ result }) => result)).toEqual([3 * PAGE, 3 * PAGE]);
    expect([[...positions], race.machine.words[word]]).toEqual([[4711], 4711]);
    expect(steps).toBeGreaterThan(10);
    exports.closeMemFile(file);
  });
});
