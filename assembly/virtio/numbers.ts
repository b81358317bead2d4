/** Numbers of virtio-snd (include/uapi/linux/virtio_snd.h; OASIS virtio 1.2, section 5.14). */

export const QUEUE_CONTROL: u32 = 0;
export const QUEUE_EVENT: u32 = 1;
export const QUEUE_TX: u32 = 2;
export const QUEUE_RX: u32 = 3;
export const QUEUES: u32 = 4;

export const REQUEST_JACK_INFO: u32 = 0x0001;
export const REQUEST_PCM_INFO: u32 = 0x0100;
export const REQUEST_SET_PARAMS: u32 = 0x0101;
export const REQUEST_PREPARE: u32 = 0x0102;
export const REQUEST_RELEASE: u32 = 0x0103;
export const REQUEST_START: u32 = 0x0104;
export const REQUEST_STOP: u32 = 0x0105;
export const REQUEST_CHMAP_INFO: u32 = 0x0200;

export const NOTICE_XRUN: u32 = 0x1101;

export const STATUS_OK: u32 = 0x8000;
export const STATUS_NOT_SUPP: u32 = 0x8002;
export const STATUS_IO_ERR: u32 = 0x8003;

/** Features of a stream that the driver selects when they are offered. */
export const FEATURE_MSG_POLLING: u32 = 1 << 2;
export const FEATURE_EVT_XRUNS: u32 = 1 << 4;

/** Features of the ring that the two sides agreed on, as bits of `virtioCreate`. */
export const RING_INDIRECT: u32 = 1;
export const RING_EVENT_INDEX: u32 = 2;

/**
 * Which driver: 5.13 to 6.6, from 6.7 on, the three that were posted and never merged, and the one without their
 * mistakes.
 */
export const DESIGN_MMAP: u32 = 0;
export const DESIGN_ACK: u32 = 1;
export const DESIGN_COPY: u32 = 2;
export const DESIGN_CORRECTED: u32 = 3;
export const DESIGN_COPY_BYTES: u32 = 4;
export const DESIGN_ACK_MODULO: u32 = 5;

/**
 * Sample formats by their bit in the stream's info, as the sound core's numbers (include/uapi/sound/asound.h): the
 * position is what SET_PARAMS carries.
 */
const FORMATS: usize = memory.data<u8>([
  22, 20, 21, 0, 1, 2, 4, 40, 42, 36, 38, 32, 34, 25, 27, 6, 8, 10, 12, 14, 16, 48, 49, 50, 18,
]);
export const FORMAT_COUNT: u32 = 25;

/** Rates in Hz by their bit. */
const RATES: usize = memory.data<u32>([
  5512, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000, 384000,
]);
export const RATE_COUNT: u32 = 14;

/** What a bit of the info's formats means. */
export function formatOfBit(bit: u32): u32 {
  return load<u8>(FORMATS + bit);
}

export function rateOfBit(bit: u32): u32 {
  return load<u32>(RATES + (bit << 2));
}

/** The bit of a format that was offered. */
export function bitOfFormat(format: u32): u32 {
  let bit: u32 = 0;
  while (bit < FORMAT_COUNT && formatOfBit(bit) != format) bit += 1;
  return bit;
}

export function bitOfRate(rate: u32): u32 {
  let bit: u32 = 0;
  while (bit < RATE_COUNT && rateOfBit(bit) != rate) bit += 1;
  return bit;
}
