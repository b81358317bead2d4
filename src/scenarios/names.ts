/** Scenarios by name, and what each is about. */
export const scenarios = [
  {
    name: "sync-ptr",
    summary: "ALSA PCM SYNC_PTR: three ways to move twelve values between kernel and user",
  },
  {
    name: "pcm-playback",
    summary: "ALSA PCM playback from open to drain: what each period costs in user access",
  },
  {
    name: "remote-read",
    summary: "/proc/PID/mem read: which bytes of another process go which way, under which locks",
  },
  {
    name: "remote-write",
    summary: "/proc/PID/mem written: which pages another process gets by it",
  },
  {
    name: "cmdline",
    summary: "/proc/PID/cmdline: arguments in another process's memory",
  },
  {
    name: "process-vm",
    summary: "process_vm_readv: another process's pages, pinned and copied",
  },
  {
    name: "futex-cmpxchg",
    summary: "a futex's compare-exchange: faults, repairs and lost reservations, by architecture",
  },
  {
    name: "futex-wake-op",
    summary: "FUTEX_WAKE_OP: its 32 bits, every operation and comparison, every bad address",
  },
  {
    name: "futex-pi",
    summary: "locks with priority inheritance, step by step: words, owners, priorities, queues",
  },
  {
    name: "futex-stress",
    summary: "many threads on futex words at once: what they did, and what of it was lost",
  },
  {
    name: "umcg-cmpxchg",
    summary:
      "UMCG's compare-and-exchange of a program's word: as posted, as reviewed, as the futex's",
  },
  {
    name: "perf-regs",
    summary: "a perf sample's user registers: where their copy lives, what that costs and risks",
  },
  {
    name: "perf-stack-zero",
    summary: "perf: a stack dump of size 0 is written as two words, with room for one",
  },
  {
    name: "perf-record-wrap",
    summary: "perf: a record above 64 KiB, whose size wraps, over unread records",
  },
  {
    name: "perf-shared-sample",
    summary: "perf: several events on one fault, with the first one's id and sizes",
  },
  {
    name: "virtio-snd",
    summary: "periods on their way to a virtio sound device: what it plays of what was written",
  },
  {
    name: "virtio-snd-messages",
    summary: "millions of messages through one virtqueue, whose indexes go round: what was lost",
  },
  {
    name: "virtio-snd-threads",
    summary: "program, driver and virtio sound device as threads: what the one heard of the other",
  },
] as const;

export type ScenarioName = (typeof scenarios)[number]["name"];

export const scenarioNames: readonly ScenarioName[] = scenarios.map((scenario) => scenario.name);
