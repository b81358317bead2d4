import { wrong } from "../../base/checks.ts";
import type { CompleteDevice, PcmDevice } from "./device.ts";
import type { Attended } from "./driver.ts";
import type { DriverCall } from "./driverLog.ts";
import type { PcmSubstream } from "./substream.ts";

/** The functions of a substream's device, called when the driver attends to it. */
export class DeviceCallbacks implements Attended {
  readonly #substream: PcmSubstream;
  readonly #device: CompleteDevice;
  readonly #isThere: () => boolean;
  /** A driver's word for an xrun: all ones. */
  readonly #noPosition: bigint;
  #pointerError: unknown;
  #calledError: unknown;

  /** @param isThere whether the core has the substream's record still */
  constructor(substream: PcmSubstream, device: CompleteDevice, isThere: () => boolean) {
    this.#substream = substream;
    this.#device = device;
    this.#isThere = isThere;
    this.#noPosition = substream.machine.wordBytes === 8 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
  }

  get isThere(): boolean {
    return this.#isThere();
  }

  /** What the device's `pointer` threw last, or why its answer was no position; undefined if neither happened. */
  get pointerError(): unknown {
    return this.#pointerError;
  }

  /** What the device's `called` threw last; undefined if it never did. */
  get calledError(): unknown {
    return this.#calledError;
  }

  /** Asks `pointer` for the position, if there is one and the device moves. */
  askPosition(): void {
    const { pointer } = this.#device;
    const { state } = this.#substream;
    if (pointer === undefined || (state !== "RUNNING" && state !== "DRAINING")) return;
    this.#substream.setPosition(this.#validPosition(pointer));
  }

  /** Nonsense becomes a number that no ring has, so that the kernel's own check finds it. */
  #validPosition(pointer: NonNullable<PcmDevice["pointer"]>): bigint {
    const noPosition = this.#noPosition;
    try {
      const frames: unknown = pointer(this.#substream);
      if (frames === "xrun") return noPosition;
      const whole = typeof frames === "bigint" || Number.isInteger(frames);
      const position = whole ? BigInt(frames as number | bigint) : noPosition;
      if (position >= 0 && position < noPosition) return position;
      throw wrong("pointer()", frames, 'frames from 0 to buffer_size − 1, or "xrun"');
    } catch (error) {
      this.#pointerError = error;
      return noPosition - 1n;
    }
  }

  /** Tells `called` what the driver was asked since the last time. */
  tellCalls(): void {
    const { called } = this.#device;
    if (called === undefined) return;
    for (const call of this.#substream.takeDriverCalls()) this.#tell(called, call);
  }

  /** The kernel's call is over whatever the function does, so its answer is not lost to an exception. */
  #tell(called: NonNullable<PcmDevice["called"]>, call: DriverCall): void {
    try {
      called(call, this.#substream);
    } catch (error) {
      this.#calledError = error;
    }
  }
}
