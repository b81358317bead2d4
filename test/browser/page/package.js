/** The page's script on the package as its users import it: by name, what `npm run build` made. */

import * as library from "faultline";
import * as conformance from "faultline/conformance";
import { jobsOf } from "./jobs.ts";

Object.assign(globalThis, { jobs: jobsOf(library, conformance) });
