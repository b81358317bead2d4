/** Commands of the traces to the test device. */

import type { PcmDeviceKnobs } from "./machine.ts";
import type { DeviceStep, PcmStep } from "./steps.ts";
import { wordOf } from "../base/trace.ts";

export function isDeviceStep(step: PcmStep): step is DeviceStep {
  return step.op.startsWith("ctl.");
}

/** Carries out one command; only `ctl.stop` has an answer of its own, the others give 0. */
export function commandDevice(device: PcmDeviceKnobs, step: DeviceStep): number {
  const { slot = 0 } = step;
  const [a = 0n, b = 0n, c = 0n, d = 0n] = (step.args ?? []).map(wordOf);
  switch (step.op) {
    case "ctl.pos":
      device.setPosition(slot, a);
      return 0;
    case "ctl.elapsed":
      device.periodElapsed(slot);
      return 0;
    case "ctl.xrun":
      device.xrun(slot);
      return 0;
    case "ctl.suspend":
      device.suspend(slot);
      return 0;
    case "ctl.stop":
      return device.stop(slot, Number(a));
    case "ctl.poke":
      device.poke(slot, a, b, c, d);
      return 0;
    case "ctl.rets":
      device.setReturns(slot, a, b, c);
      return 0;
    case "ctl.delay":
      device.setDelay(slot, a);
      return 0;
    case "ctl.disconnect":
      device.disconnect(slot);
      return 0;
  }
}
