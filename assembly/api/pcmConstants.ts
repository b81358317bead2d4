import { Device, DriverCall } from "../pcm/device";
import { OFFSET_CONTROL, OFFSET_CONTROL_OLD, OFFSET_STATUS, OFFSET_STATUS_OLD } from "../pcm/maps";
import { Stream } from "../pcm/runtime";

/** Numbers of the sound system that the host needs: each is exported once and typed nowhere else. */
export { SYNC_APPL, SYNC_AVAIL_MIN, SYNC_HWSYNC } from "../pcm/syncPtr";
export { DOOR_I386, DOOR_NATIVE, DOOR_X32 } from "../pcm/ioctl";
export { CAPTURE as PCM_CAPTURE, FILE_RELEASED, PLAYBACK as PCM_PLAYBACK } from "../pcm/runtime";
export {
  DEVICE_LOOPBACK,
  DEVICE_NAME,
  DEVICE_NAME_BYTES,
  DEVICE_OWN_COPY,
  DRIVER_ACK,
  DRIVER_CLOSE,
  DRIVER_HW_FREE,
  DRIVER_HW_PARAMS,
  DRIVER_OPEN,
  DRIVER_POINTER,
  DRIVER_PREPARE,
  DRIVER_TRIGGER,
  NEGOTIATE,
} from "../pcm/device";
export {
  TRIGGER_DRAIN,
  TRIGGER_PAUSE_PUSH,
  TRIGGER_PAUSE_RELEASE,
  TRIGGER_RESUME,
  TRIGGER_START,
  TRIGGER_STOP,
  TRIGGER_SUSPEND,
} from "../pcm/numbers";

/** ioctl numbers: one for every door, or one where a word has 8 bytes and one where it has 4. */
export {
  CHANNEL_INFO as IOCTL_CHANNEL_INFO,
  CHANNEL_INFO_32 as IOCTL_CHANNEL_INFO_32,
  DELAY as IOCTL_DELAY,
  DELAY_32 as IOCTL_DELAY_32,
  DRAIN as IOCTL_DRAIN,
  DROP as IOCTL_DROP,
  FORWARD as IOCTL_FORWARD,
  FORWARD_32 as IOCTL_FORWARD_32,
  HWSYNC as IOCTL_HWSYNC,
  HW_FREE as IOCTL_HW_FREE,
  HW_PARAMS as IOCTL_HW_PARAMS,
  HW_PARAMS_32 as IOCTL_HW_PARAMS_32,
  HW_REFINE as IOCTL_HW_REFINE,
  HW_REFINE_32 as IOCTL_HW_REFINE_32,
  INFO as IOCTL_INFO,
  LINK as IOCTL_LINK,
  PAUSE as IOCTL_PAUSE,
  PREPARE as IOCTL_PREPARE,
  PVERSION as IOCTL_PVERSION,
  READI as IOCTL_READI,
  READI_32 as IOCTL_READI_32,
  READN as IOCTL_READN,
  READN_32 as IOCTL_READN_32,
  RESET as IOCTL_RESET,
  RESUME as IOCTL_RESUME,
  REWIND as IOCTL_REWIND,
  REWIND_32 as IOCTL_REWIND_32,
  START as IOCTL_START,
  STATUS as IOCTL_STATUS,
  STATUS_32 as IOCTL_STATUS_32,
  STATUS_EXT as IOCTL_STATUS_EXT,
  STATUS_EXT_32 as IOCTL_STATUS_EXT_32,
  STATUS_EXT_TIME32 as IOCTL_STATUS_EXT_TIME32,
  STATUS_TIME32 as IOCTL_STATUS_TIME32,
  SW_PARAMS as IOCTL_SW_PARAMS,
  SW_PARAMS_32 as IOCTL_SW_PARAMS_32,
  SYNC_PTR as IOCTL_SYNC_PTR,
  SYNC_PTR_TIME32 as IOCTL_SYNC_PTR_TIME32,
  TTSTAMP as IOCTL_TTSTAMP,
  UNLINK as IOCTL_UNLINK,
  USER_PVERSION as IOCTL_USER_PVERSION,
  WRITEI as IOCTL_WRITEI,
  WRITEI_32 as IOCTL_WRITEI_32,
  WRITEN as IOCTL_WRITEN,
  WRITEN_32 as IOCTL_WRITEN_32,
  XRUN as IOCTL_XRUN,
} from "../pcm/requests";

/** Offsets of mmap on a PCM file; the ring begins at 0. */
export const MAP_STATUS: u32 = OFFSET_STATUS as u32;
export const MAP_CONTROL: u32 = OFFSET_CONTROL as u32;
export const MAP_STATUS_OLD: u32 = OFFSET_STATUS_OLD as u32;
export const MAP_CONTROL_OLD: u32 = OFFSET_CONTROL_OLD as u32;

/** Places in the two mapped records. */
export {
  STATUS_AUDIO_TSTAMP,
  STATUS_HW_PTR,
  STATUS_STATE,
  STATUS_SUSPENDED_STATE,
  STATUS_TSTAMP,
} from "../pcm/runtime";

/** Places in a stream's record; 64-bit counts unless the name says otherwise. */
export const STREAM_STATUS_PAGE: u32 = offsetof<Stream>("statusPage"); // 32: linear address
export const STREAM_CONTROL_PAGE: u32 = offsetof<Stream>("controlPage"); // 32: linear address
export const STREAM_AVAIL_MIN_AT: u32 = offsetof<Stream>("availMinAt"); // 32: linear address
export const STREAM_DEVICE: u32 = offsetof<Stream>("device"); // 32: linear address
export const STREAM_IMAGE: u32 = offsetof<Stream>("image"); // 32: linear address
export const STREAM_RING: u32 = offsetof<Stream>("ring"); // 32: linear address
export const STREAM_DMA_BYTES: u32 = offsetof<Stream>("dmaBytes"); // 32
export const STREAM_DESCRIPTOR: u32 = offsetof<Stream>("descriptor"); // 32
export const STREAM_LIFE: u32 = offsetof<Stream>("life"); // 32
export const STREAM_FRAME_BITS: u32 = offsetof<Stream>("frameBits"); // 32
export const STREAM_BYTE_ALIGN: u32 = offsetof<Stream>("byteAlign"); // 32
export const STREAM_TSTAMP_MODE: u32 = offsetof<Stream>("tstampMode"); // 32
export const STREAM_PERIOD_STEP: u32 = offsetof<Stream>("periodStep"); // 32
export const STREAM_BUFFER_SIZE: u32 = offsetof<Stream>("bufferSize");
export const STREAM_PERIOD_SIZE: u32 = offsetof<Stream>("periodSize");
export const STREAM_BOUNDARY: u32 = offsetof<Stream>("boundary");
export const STREAM_HW_PTR_BASE: u32 = offsetof<Stream>("hwPtrBase");
export const STREAM_HW_PTR_INTERRUPT: u32 = offsetof<Stream>("hwPtrInterrupt");
export const STREAM_HW_PTR_WRAP: u32 = offsetof<Stream>("hwPtrWrap");
export const STREAM_AVAIL_MAX: u32 = offsetof<Stream>("availMax");
export const STREAM_SILENCE_START: u32 = offsetof<Stream>("silenceStart");
export const STREAM_SILENCE_FILLED: u32 = offsetof<Stream>("silenceFilled");
export const STREAM_START_THRESHOLD: u32 = offsetof<Stream>("startThreshold");
export const STREAM_STOP_THRESHOLD: u32 = offsetof<Stream>("stopThreshold");
export const STREAM_SILENCE_THRESHOLD: u32 = offsetof<Stream>("silenceThreshold");
export const STREAM_SILENCE_SIZE: u32 = offsetof<Stream>("silenceSize");
export const STREAM_DELAY: u32 = offsetof<Stream>("delay");
export const STREAM_MIN_ALIGN: u32 = offsetof<Stream>("minAlign");
export const STREAM_TWAKE: u32 = offsetof<Stream>("twake");

/** The device's record and its log of driver calls. */
export const DEVICE_LOG: u32 = offsetof<Device>("log");
export const DEVICE_LOG_COUNT: u32 = offsetof<Device>("logCount");
export const DEVICE_POSITION: u32 = offsetof<Device>("position");
export const DEVICE_SUBSTREAMS: u32 = offsetof<Device>("substreams");
export const DEVICE_CABLE_FORMAT: u32 = offsetof<Device>("cableFormat");
export const DEVICE_CABLE_RATE: u32 = offsetof<Device>("cableRate");
export const DEVICE_CABLE_CHANNELS: u32 = offsetof<Device>("cableChannels");
export const DRIVER_CALL_BYTES: u32 = offsetof<DriverCall>();
export const DRIVER_CALL_CALL: u32 = offsetof<DriverCall>("call");
export const DRIVER_CALL_ARGUMENT: u32 = offsetof<DriverCall>("argument");
