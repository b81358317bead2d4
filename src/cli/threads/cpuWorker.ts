import { workerData } from "node:worker_threads";
import { serveThread } from "../../threads/serve.ts";
import { programs } from "./programs.ts";

// A thread of the command that is one CPU of its machine, or watches those.

serveThread(workerData as Parameters<typeof serveThread>[0], programs);
