import { workerData } from "node:worker_threads";
import type { ThreadData } from "../../threads/protocol.ts";
import { serveCpu } from "../../threads/serve.ts";
import { programs } from "./programs.ts";

// A thread of the command that is one CPU of its machine.

serveCpu(workerData as ThreadData, programs);
