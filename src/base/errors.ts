/**
 * The errors of the host side. They are for the people who call the library or type the command; what goes wrong for
 * the emulated program is an errno, which is a result and is never thrown.
 */

/** What a {@link FaultlineError} may carry besides its message. */
export interface ErrorDetails extends ErrorOptions {
  /** The error number with which the modelled kernel refused, above 0. */
  readonly errno?: number;
}

/** An error Faultline raises on purpose. `code` is a stable kebab-case word, for callers that branch on the kind. */
export class FaultlineError extends Error {
  override readonly name: string = "FaultlineError";
  readonly code: string;
  /** The error number with which the modelled kernel refused; null where it was not asked. */
  readonly errno: number | null;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.errno = details.errno ?? null;
  }
}

/** What a {@link UsageError} says. */
export interface Misuse {
  /** The argument, option or input that is wrong, as the caller knows it: `arch`, `--build`, `program line 3`. */
  readonly argument: string;
  /** What is wrong with it, beginning so that it reads on after the argument: `is 3, which is no power of two`. */
  readonly problem: string;
  /** What would have been accepted: `a power of two from 4 to 64`. */
  readonly valid: string;
}

/** The caller passed something that cannot be used. The message is one line: argument, what is wrong, what is valid. */
export class UsageError extends FaultlineError {
  override readonly name = "UsageError";
  readonly argument: string;
  readonly problem: string;
  readonly valid: string;

  constructor(misuse: Misuse, options?: ErrorOptions) {
    super("usage", `${misuse.argument} ${misuse.problem}; valid: ${misuse.valid}`, options);
    this.argument = misuse.argument;
    this.problem = misuse.problem;
    this.valid = misuse.valid;
  }
}
