/** The page's script on the sources, as the other tests use them. */

import * as conformance from "../../../src/conformance/index.ts";
import * as library from "../../../src/index.ts";
import { jobsOf } from "./jobs.ts";

Object.assign(globalThis, { jobs: jobsOf(library, conformance) });
