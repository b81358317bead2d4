import {
  compareRemote,
  folioWalk,
  RemoteVm,
  runRemote,
  type OpenMemFile,
} from "../../src/index.ts";
import { PAGE, USER, type Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

const LIST = USER + 2 * PAGE;
const list = { list: LIST, count: 1n };

function remoteVm({ machine, task }: Floor): RemoteVm {
  const caller = machine.createTask({ cpu: 1 });
  caller.map({ at: USER, length: 4 * PAGE, populate: true });
  return new RemoteVm(caller, task, { path: "slow" });
}

/** Good arguments of every method of another process's memory. */
export const remoteMethods: Readonly<
  Record<
    string,
    (floor: Floor) => { on: object; calls: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  RemoteVm: (floor) => ({
    on: remoteVm(floor),
    calls: {
      cmdline: [USER, 16, 0],
      environ: [USER, 16, 0n],
      memFile: [],
      peek: [USER],
      placeIovecs: [LIST, [{ address: USER, length: 8 }]],
      poke: [USER, 7n],
      processVmReadv: [list, list, 0],
      processVmWritev: [list, list, 0],
      read: [USER, 16, "force"],
      write: [USER, new Uint8Array(16), "anonymous"],
    },
  }),
  OpenMemFile: (floor) => ({
    on: remoteVm(floor).memFile() as OpenMemFile,
    calls: {
      close: [],
      pread: [USER, 16, USER],
      preadv: [list, USER],
      pwrite: [USER, 16, USER],
      pwritev: [list, USER],
      read: [USER, 16],
      seek: [USER],
      write: [USER, 16],
    },
  }),
};

export const remoteFunctions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  compareRemote: () => ({
    call: compareRemote,
    args: [
      "process-vm",
      {
        layouts: ["cow"],
        paths: ["slow"],
        lengths: [8],
        at: 0x10000000,
        kernel: "6.18",
        memory: "2M",
        wasm: undefined,
      },
    ],
  }),
  folioWalk: ({ machine, task }) => ({
    call: folioWalk,
    args: [machine.createTask(), task, USER, { zeroPage: true, vmaLocked: false }],
  }),
  runRemote: () => ({
    call: runRemote,
    args: [
      "cmdline",
      {
        layout: "0x10000000 1p rw anon touched=0",
        path: "slow",
        at: 0x10000000,
        length: 8,
        show: "tables",
        kernel: "6.18",
        memory: "1M",
        wasm: undefined,
      },
    ],
  }),
  "new RemoteVm": ({ machine, task }) => ({
    call: (...args: unknown[]) => Reflect.construct(RemoteVm, args) as unknown,
    args: [machine.createTask(), task, { path: "slow" }],
  }),
};
