import { trustChain, watchChain } from "./chain";
import { DeviceQueue, SoundDevice, chainOf } from "./device";
import { isPlain, keepWaiting } from "./deviceRings";
import { exposureRecord, fillEagerly } from "./deviceStream";
import { lookAgain, remember } from "./guard";
import { QUEUE_EVENT, QUEUE_RX, QUEUE_TX } from "./numbers";
import { INDEX_MASK, availableHead, availableIndex } from "./vring";

/** Messages that the driver has exposed come to the device: of every queue but the one for requests. */

@inline
export function hasNew(queue: DeviceQueue): bool {
  return queue.taken != availableIndex(queue) && queue.waitingCount < queue.entries;
}

@inline
export function nextHead(queue: DeviceQueue): u32 {
  const head = availableHead(queue, queue.taken);
  queue.taken = (queue.taken + 1) & INDEX_MASK;
  return head;
}

/** Takes the messages that the driver exposed since the last look. */
export function takeMessages(device: SoundDevice, queue: DeviceQueue): void {
  lookAgain(device, queue);
  while (hasNew(queue)) takeMessage(device, queue);
}

function takeMessage(device: SoundDevice, queue: DeviceQueue): void {
  const head = nextHead(queue);
  if (queue.number == QUEUE_TX && isPlain(device, queue)) {
    keepWaiting(queue, head);
    return;
  }
  watchChain(chainOf(device));
  receiveMessage(device, queue, head);
  trustChain(chainOf(device));
}

function receiveMessage(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  remember(device, queue, head);
  keepWaiting(queue, head);
  if (queue.number == QUEUE_EVENT) return;
  if (queue.number == QUEUE_RX && device.eagerRx != 0) fillEagerly(device, queue, head);
  exposureRecord(device, queue, head);
}
