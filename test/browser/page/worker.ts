/** The same jobs off the main thread: one message a job, one answer a message. */

import * as conformance from "../../../src/conformance/index.ts";
import * as library from "../../../src/index.ts";
import { jobsOf, type CoreChoice } from "./jobs.ts";

const jobs = jobsOf(library, conformance);

self.addEventListener("message", (event: MessageEvent<[CoreChoice, readonly string[]]>) => {
  void jobs.replay(...event.data).then((report) => self.postMessage(report));
});
