/** Sample formats by name, with the numbers of SNDRV_PCM_FORMAT_* (include/uapi/sound/asound.h). */
export const pcmFormats = {
  S8: 0,
  U8: 1,
  S16_LE: 2,
  S16_BE: 3,
  U16_LE: 4,
  U16_BE: 5,
  S24_LE: 6,
  S24_BE: 7,
  U24_LE: 8,
  U24_BE: 9,
  S32_LE: 10,
  S32_BE: 11,
  U32_LE: 12,
  U32_BE: 13,
  FLOAT_LE: 14,
  FLOAT_BE: 15,
  FLOAT64_LE: 16,
  FLOAT64_BE: 17,
  MU_LAW: 20,
  A_LAW: 21,
  S24_3LE: 32,
  S24_3BE: 33,
} as const;

export type PcmFormatName = keyof typeof pcmFormats;

export const pcmFormatNames = Object.keys(pcmFormats) as readonly PcmFormatName[];
