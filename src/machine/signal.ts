import { checkOptions, nameOf, optional, type Shape } from "../base/checks.ts";
import type { CoreMemory } from "./coreMemory.ts";

/** What a program has for a signal, and the core's number for it. */
const handlerConstants = {
  none: "HANDLER_NONE",
  interrupts: "HANDLER_INTERRUPTS",
  restarts: "HANDLER_RESTARTS",
} as const;

export type SignalHandler = keyof typeof handlerConstants;

const signalHandlers = Object.keys(handlerConstants) as SignalHandler[];

export interface SignalOptions {
  /**
   * What the program has for it: a handler, so that a call it ends answers −EINTR; one with SA_RESTART; or none, as for a
   * signal that stops the task and lets it go on. Default "interrupts".
   */
  readonly handler?: SignalHandler;
}

const signalOptions: Shape<SignalOptions> = { handler: optional(nameOf(signalHandlers)) };

/** Sends a signal that is not fatal to the task of a record. Whoever sends it is not on the task's CPU. */
export function sendSignal(machine: CoreMemory, handle: number, options: SignalOptions): void {
  checkOptions("options", options, signalOptions);
  const handler = machine.constant(handlerConstants[options.handler ?? "interrupts"]);
  machine.core.rawExports.signalTask(handle, handler);
}
