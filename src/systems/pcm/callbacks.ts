import type { CompleteDevice, PcmDevice } from "./device.ts";
import type { Attended } from "./driver.ts";
import type { PcmSubstream } from "./substream.ts";

/** The functions of a substream's device, called when the driver attends to it. */
export class DeviceCallbacks implements Attended {
  readonly #substream: PcmSubstream;
  readonly #device: CompleteDevice;
  #pointerError: unknown;

  constructor(substream: PcmSubstream, device: CompleteDevice) {
    this.#substream = substream;
    this.#device = device;
  }

  get isOpen(): boolean {
    return this.#substream.isOpen;
  }

  /** What the device's `pointer` threw last; undefined if it never did. */
  get pointerError(): unknown {
    return this.#pointerError;
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
    const noPosition = this.#substream.machine.wordBytes === 8 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
    let frames: number | bigint | "xrun";
    try {
      frames = pointer(this.#substream);
    } catch (error) {
      this.#pointerError = error;
      return noPosition - 1n;
    }
    if (frames === "xrun") return noPosition;
    const whole = typeof frames === "bigint" || Number.isInteger(frames);
    return whole && frames >= 0 && frames < noPosition ? BigInt(frames) : noPosition - 1n;
  }

  /** Tells `called` what the driver was asked since the last time. */
  tellCalls(): void {
    const { called } = this.#device;
    if (called === undefined) return;
    for (const call of this.#substream.takeDriverCalls()) called(call, this.#substream);
  }
}
