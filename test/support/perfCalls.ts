import {
  comparePerf,
  runPerf,
  runPerfRecordWrap,
  runPerfSharedSample,
  runPerfStackZero,
} from "../../src/index.ts";
import type { GoodCall } from "./misuse.ts";

/** Good calls of what the library has for performance events. */
export const perfFunctions: Readonly<Record<string, () => GoodCall>> = {
  comparePerf: () => ({
    call: comparePerf,
    args: [{ designs: ["merged"], hits: ["nmi"], requests: ["plain"], wasm: undefined }],
  }),
  runPerf: () => ({
    call: runPerf,
    args: [
      {
        design: "single",
        hit: "irq",
        request: "user",
        interrupt: "nmi",
        at: 3,
        wasm: undefined,
      },
    ],
  }),
  runPerfRecordWrap: () => ({ call: runPerfRecordWrap, args: [{ wasm: undefined }] }),
  runPerfSharedSample: () => ({ call: runPerfSharedSample, args: [{ wasm: undefined }] }),
  runPerfStackZero: () => ({ call: runPerfStackZero, args: [{ wasm: undefined }] }),
};
