import { Apart } from "../virtio/apart";
import { Card, Substream } from "../virtio/card";
import { DeviceQueue, SoundDevice } from "../virtio/device";
import { Completion } from "../virtio/deviceStream";
import { Journal, JournalPiece, JournalRecord } from "../virtio/journal";
import { Player } from "../virtio/player";
import { Rule } from "../virtio/rule";
import { Virtqueue } from "../virtio/virtqueue";

/** Numbers of virtio-snd that the host needs. */
export {
  DESIGN_ACK,
  DESIGN_ACK_MODULO,
  DESIGN_COPY,
  DESIGN_COPY_BYTES,
  DESIGN_CORRECTED,
  DESIGN_MMAP,
  FEATURE_EVT_XRUNS,
  FEATURE_MSG_POLLING,
  FORMAT_COUNT,
  NOTICE_XRUN,
  QUEUES,
  RATE_COUNT,
  REQUEST_CHMAP_INFO,
  REQUEST_JACK_INFO,
  REQUEST_PCM_INFO,
  REQUEST_PREPARE,
  REQUEST_RELEASE,
  REQUEST_SET_PARAMS,
  REQUEST_START,
  REQUEST_STOP,
  RING_EVENT_INDEX,
  RING_INDIRECT,
  STATUS_OK,
} from "../virtio/numbers";
export {
  INTERRUPT_EACH,
  INTERRUPT_NEVER,
  INTERRUPT_ONCE,
  INTERRUPT_SETTLED,
  NOTHING_WAITS,
} from "../virtio/commands";
export { HOLD_LATER, HOLD_NEVER, HOLD_NOT } from "../virtio/rule";
export {
  JOURNAL_ANSWER,
  JOURNAL_COMPLETE,
  JOURNAL_EVENT,
  JOURNAL_EXPOSE,
  JOURNAL_HOLD,
  JOURNAL_INTERRUPT,
  JOURNAL_KICK,
  JOURNAL_REQUEST,
  KEEPS_CONTENTS,
  KEEPS_NOTHING,
  KEEPS_STEPS,
  PIECE_DATA,
  PIECE_HEADER,
  PIECE_INFO,
  PIECE_REQUEST,
  PIECE_RESPONSE,
  PIECE_STATUS,
  PIECE_STRAY,
} from "../virtio/journal";
export {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  MAX_ENTRIES,
  USED_ENTRY_BYTES,
} from "../virtio/vring";

/** threads: a device that is a CPU of its own. */
export const CARD_APART: u32 = offsetof<Card>("apart");
export const APART_BYTES: u32 = offsetof<Apart>();
export const APART_BELL: u32 = offsetof<Apart>("bell");
export const APART_BELL_SEEN: u32 = offsetof<Apart>("bellSeen");
export const APART_LINE: u32 = offsetof<Apart>("line");
export const APART_LINE_SEEN: u32 = offsetof<Apart>("lineSeen");
export const APART_PROGRESS: u32 = offsetof<Apart>("progress");
export const APART_ENDED: u32 = offsetof<Apart>("ended");
/** By QUEUE_*, a word each. */
export const APART_RAISED: u32 = offsetof<Apart>("raised");
export const APART_HANDLED: u32 = offsetof<Apart>("handled");
export const CARD_QUEUES: u32 = offsetof<Card>("control");
export const VIRTQUEUE_LOCK: u32 = offsetof<Virtqueue>("lock");
export const PLAYER_BYTES: u32 = offsetof<Player>();
export const PLAYER_STATUS: u32 = offsetof<Player>("status");
export const PLAYER_CAPTURED: u32 = offsetof<Player>("captured");
export const PLAYER_USED_LENGTH: u32 = offsetof<Player>("usedLength");
export const PLAYER_QUEUE: u32 = offsetof<Player>("queue");
export const PLAYER_READS: u32 = offsetof<Player>("reads");
export const PLAYER_POLLS: u32 = offsetof<Player>("polls");
export const PLAYER_LIMIT: u32 = offsetof<Player>("limit");
export const PLAYER_AHEAD: u32 = offsetof<Player>("ahead");
export const PLAYER_CLOCK: u32 = offsetof<Player>("clock");
export const PLAYER_PLAYED: u32 = offsetof<Player>("played");
export const PLAYER_KEPT: u32 = offsetof<Player>("kept");
export const PLAYER_HEARD: u32 = offsetof<Player>("heard");
export const PLAYER_SOUND: u32 = offsetof<Player>("sound");
export const PLAYER_SOUND_BYTES: u32 = offsetof<Player>("soundBytes");
export const PLAYER_XRUNS: u32 = offsetof<Player>("xruns");
export const PLAYER_REPORTED: u32 = offsetof<Player>("reported");
export { READS_AT_EXPOSURE, READS_IN_TURN } from "../virtio/player";
export { HEARD_TORN } from "../virtio/playerSound";

export const CARD_DEVICE: u32 = offsetof<Card>("device");
export const CARD_SUBSTREAMS: u32 = offsetof<Card>("substreams");
export const SUBSTREAM_STREAM: u32 = offsetof<Substream>("stream");
export const SUBSTREAM_FOUND_PLACE: u32 = offsetof<Substream>("foundPlace");

export const SOUND_DEVICE_EAGER_RX: u32 = offsetof<SoundDevice>("eagerRx");
export const SOUND_DEVICE_RELEASE_LATENCY: u32 = offsetof<SoundDevice>("releaseLatency");
export const SOUND_DEVICE_GUARDS: u32 = offsetof<SoundDevice>("guards");
export const SOUND_DEVICE_QUEUES: u32 = offsetof<SoundDevice>("queues");
export const SOUND_DEVICE_JOURNAL: u32 = offsetof<SoundDevice>("journal");
export const SOUND_DEVICE_HELD: u32 = offsetof<SoundDevice>("held");
export const SOUND_DEVICE_HELD_COUNT: u32 = offsetof<SoundDevice>("heldCount");
/** Two words each: where it lies, and its bytes. */
export const SOUND_DEVICE_SOURCE: u32 = offsetof<SoundDevice>("source");
export const SOUND_DEVICE_OUTPUT: u32 = offsetof<SoundDevice>("output");
export const SOUND_DEVICE_JACK_INFO: u32 = offsetof<SoundDevice>("jackInfo");
export const SOUND_DEVICE_PCM_INFO: u32 = offsetof<SoundDevice>("pcmInfo");
export const SOUND_DEVICE_MAP_INFO: u32 = offsetof<SoundDevice>("mapInfo");

export const SOUND_DEVICE_PLAYED: u32 = offsetof<SoundDevice>("played");

export const DEVICE_QUEUE_BYTES: u32 = offsetof<DeviceQueue>();
export const DEVICE_QUEUE_ENTRIES: u32 = offsetof<DeviceQueue>("entries");
export const DEVICE_QUEUE_TABLE: u32 = offsetof<DeviceQueue>("table");
export const DEVICE_QUEUE_AVAILABLE: u32 = offsetof<DeviceQueue>("available");
export const DEVICE_QUEUE_USED: u32 = offsetof<DeviceQueue>("used");
export const DEVICE_QUEUE_TAKEN: u32 = offsetof<DeviceQueue>("taken");
export const DEVICE_QUEUE_RETURNED: u32 = offsetof<DeviceQueue>("returned");
export const DEVICE_QUEUE_WAITING: u32 = offsetof<DeviceQueue>("waiting");
export const DEVICE_QUEUE_WAITING_COUNT: u32 = offsetof<DeviceQueue>("waitingCount");

export const COMPLETION_BYTES: u32 = offsetof<Completion>();
export const COMPLETION_STATUS: u32 = offsetof<Completion>("status");
export const COMPLETION_LATENCY: u32 = offsetof<Completion>("latency");
export const COMPLETION_CAPTURED: u32 = offsetof<Completion>("captured");
export const COMPLETION_USED_LENGTH: u32 = offsetof<Completion>("usedLength");

export const RULE_REQUEST: u32 = offsetof<Rule>("request");
export const RULE_SKIP: u32 = offsetof<Rule>("skip");
export const RULE_TIMES: u32 = offsetof<Rule>("times");
export const RULE_STATUS: u32 = offsetof<Rule>("status");
export const RULE_HOLD: u32 = offsetof<Rule>("hold");
export const RULE_USED_LENGTH: u32 = offsetof<Rule>("usedLength");
export const RULE_KEEP: u32 = offsetof<Rule>("keep");

export const JOURNAL_USED: u32 = offsetof<Journal>("used");
export const JOURNAL_LOST: u32 = offsetof<Journal>("lost");
export const JOURNAL_RECORDS: u32 = offsetof<Journal>("records");
export const RECORD_BYTES: u32 = offsetof<JournalRecord>("bytes");
export const RECORD_KIND: u32 = offsetof<JournalRecord>("kind");
export const RECORD_QUEUE: u32 = offsetof<JournalRecord>("queue");
export const RECORD_HEAD: u32 = offsetof<JournalRecord>("head");
export const RECORD_VALUES: u32 = offsetof<JournalRecord>("first");
export const RECORD_PIECES: u32 = offsetof<JournalRecord>("pieces");
export const RECORD_CONTENT: u32 = offsetof<JournalRecord>("content");
export const RECORD_END: u32 = offsetof<JournalRecord>();
export const PIECE_RECORD_BYTES: u32 = offsetof<JournalPiece>();
