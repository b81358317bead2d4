import { PAGE, USER, type Floor } from "./apiFloor.ts";

/** Good arguments of every method of a task. */
export function taskCalls({ machine, file }: Floor): Readonly<Record<string, readonly unknown[]>> {
  return {
    advise: [USER, PAGE, "dontneed"],
    die: [],
    entryOf: [USER],
    exec: [[new Uint8Array(3)], [new Uint8Array(3)]],
    exit: [],
    force: [USER],
    fork: [],
    freeRange: [USER, PAGE],
    handleOn: [machine],
    linearOf: [USER],
    lockMemory: [USER, PAGE],
    lockOnFault: [USER, PAGE],
    map: [
      {
        at: 0x20000000n,
        length: PAGE,
        protection: "rw",
        shared: true,
        file,
        filePage: 0,
        pageSize: "4K",
        protectionKey: 0,
        growsDown: false,
        populate: true,
      },
    ],
    moveSpecial: ["vdso", 0x30000000n],
    pageState: [USER],
    protect: [USER, PAGE, "r"],
    protectionBits: ["rwx"],
    registerMissing: [0x20000000n, PAGE],
    resume: [],
    runOn: [1],
    seal: [0x20000000n, PAGE],
    setArguments: [{ argStart: USER, argEnd: USER, envStart: USER, envEnd: USER }],
    setDumpable: [1],
    setProtectionKeys: [0n],
    setStackLimit: [PAGE],
    setUser: [1000],
    touch: [USER, "write"],
    unmap: [USER, PAGE],
    vmas: [],
  };
}
