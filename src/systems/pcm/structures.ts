import type { WordBytes } from "./params/index.ts";

/**
 * The structures of PCM requests as programs lay them out: offset and bytes of each field
 * (include/uapi/sound/asound.h; the short forms: sound/core/pcm_compat.c). Times are pairs of 8 bytes each.
 */
type Place = readonly [offset: number, bytes: 4 | 8];

/** One form of a structure. */
export interface StructLayout<Field extends string> {
  readonly bytes: number;
  readonly fields: Readonly<Record<Field, Place>>;
}

type Forms<Field extends string> = Readonly<Record<WordBytes, StructLayout<Field>>>;

function forms<const Field extends string>(
  wide: StructLayout<Field>,
  narrow: StructLayout<Field>,
): Forms<Field> {
  return { 8: wide, 4: narrow };
}

export const swParamsLayout = forms(
  {
    bytes: 136,
    fields: {
      tstampMode: [0, 4],
      periodStep: [4, 4],
      availMin: [16, 8],
      startThreshold: [32, 8],
      stopThreshold: [40, 8],
      silenceThreshold: [48, 8],
      silenceSize: [56, 8],
      boundary: [64, 8],
      proto: [72, 4],
      tstampType: [76, 4],
    },
  },
  {
    bytes: 104,
    fields: {
      tstampMode: [0, 4],
      periodStep: [4, 4],
      availMin: [12, 4],
      startThreshold: [20, 4],
      stopThreshold: [24, 4],
      silenceThreshold: [28, 4],
      silenceSize: [32, 4],
      boundary: [36, 4],
      proto: [40, 4],
      tstampType: [44, 4],
    },
  },
);

export const statusLayout = forms(
  {
    bytes: 152,
    fields: {
      state: [0, 4],
      triggerSeconds: [8, 8],
      triggerNanoseconds: [16, 8],
      seconds: [24, 8],
      nanoseconds: [32, 8],
      applPtr: [40, 8],
      hwPtr: [48, 8],
      delay: [56, 8],
      avail: [64, 8],
      availMax: [72, 8],
      suspendedState: [88, 4],
      audioTstampData: [92, 4],
      audioSeconds: [96, 8],
      audioNanoseconds: [104, 8],
      driverSeconds: [112, 8],
      driverNanoseconds: [120, 8],
    },
  },
  {
    bytes: 128,
    fields: {
      state: [0, 4],
      triggerSeconds: [8, 8],
      triggerNanoseconds: [16, 8],
      seconds: [24, 8],
      nanoseconds: [32, 8],
      applPtr: [40, 4],
      hwPtr: [44, 4],
      delay: [48, 4],
      avail: [52, 4],
      availMax: [56, 4],
      suspendedState: [64, 4],
      audioTstampData: [68, 4],
      audioSeconds: [72, 8],
      audioNanoseconds: [80, 8],
      driverSeconds: [88, 8],
      driverNanoseconds: [96, 8],
    },
  },
);

export const transferLayout = forms(
  { bytes: 24, fields: { result: [0, 8], data: [8, 8], frames: [16, 8] } },
  { bytes: 12, fields: { result: [0, 4], data: [4, 4], frames: [8, 4] } },
);

export const channelInfoLayout = forms(
  { bytes: 24, fields: { channel: [0, 4], offset: [8, 8], first: [16, 4], step: [20, 4] } },
  { bytes: 16, fields: { channel: [0, 4], offset: [4, 4], first: [8, 4], step: [12, 4] } },
);

/** A single word, as DELAY, FORWARD and REWIND have it. */
export const wordLayout = forms(
  { bytes: 8, fields: { frames: [0, 8] } },
  { bytes: 4, fields: { frames: [0, 4] } },
);

/** An int, the same at every door. */
export const intLayout: StructLayout<"value"> = { bytes: 4, fields: { value: [0, 4] } };

export const infoLayout: StructLayout<
  "device" | "subdevice" | "stream" | "card" | "subdevices" | "subdevicesAvailable"
> = {
  bytes: 288,
  fields: {
    device: [0, 4],
    subdevice: [4, 4],
    stream: [8, 4],
    card: [12, 4],
    subdevices: [200, 4],
    subdevicesAvailable: [204, 4],
  },
};

/** Where INFO's texts stand: offset and room. */
export const infoTexts = { id: [16, 64], name: [80, 80], subname: [160, 32] } as const;

/** The bytes of a structure whose other fields and holes are 0. */
export function encode<Field extends string>(
  { bytes, fields }: StructLayout<Field>,
  values: Readonly<Partial<Record<Field, bigint>>>,
): Uint8Array {
  const image = new Uint8Array(bytes);
  const view = new DataView(image.buffer);
  for (const [field, value] of Object.entries(values) as [Field, bigint][]) {
    const [offset, width] = fields[field];
    if (width === 8) view.setBigUint64(offset, value, true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  }
  return image;
}

/** The unsigned values of a structure's fields. */
export function decode<Field extends string>(
  { fields }: StructLayout<Field>,
  image: Uint8Array,
): Record<Field, bigint> {
  const view = new DataView(image.buffer, image.byteOffset);
  const values: Partial<Record<Field, bigint>> = {};
  for (const field in fields) {
    const [offset, width] = fields[field];
    values[field] =
      width === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
  }
  return values as Record<Field, bigint>;
}

/** The text at a place of a structure, up to its first zero. */
export function textAt(image: Uint8Array, [offset, room]: readonly [number, number]): string {
  const bytes = image.subarray(offset, offset + room);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
