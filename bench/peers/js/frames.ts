export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 1 << PAGE_SHIFT;

/** RAM as typed arrays over one buffer, and its frames, handed out in ascending order. */
export class Frames {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  private next: number;

  /** `ramBytes`: a multiple of 4 KiB below 2 GiB. The first `kernelBytes` are the kernel's own data. */
  constructor(ramBytes: number, kernelBytes: number) {
    const ram = new ArrayBuffer(ramBytes);
    this.words = new Int32Array(ram);
    this.bytes = new Uint8Array(ram);
    this.next = kernelBytes;
  }

  /** The address of a fresh zeroed frame. Throws a RangeError when RAM is used up. */
  allocate(): number {
    const frame = this.next;
    if (frame + PAGE_SIZE > this.bytes.length) {
      throw new RangeError(`RAM of ${this.bytes.length} bytes is used up; give the machine more`);
    }
    this.next = frame + PAGE_SIZE;
    return frame;
  }
}
