import { text } from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";

/** Thrown by a machine under replay for a part of its system that it does not have yet. */
export class NotImplementedError extends FaultlineError {
  override readonly name = "NotImplementedError";
  /** The missing part, e.g. "DRAIN" or "poll". */
  readonly what: string;

  constructor(what: string) {
    text("what", what);
    super("not-implemented", `not implemented: ${what}`);
    this.what = what;
  }
}
