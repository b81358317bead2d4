import { isApart, ringBell } from "./apart";
import { cardAt } from "./card";
import { trustChain, watchChain } from "./chain";
import { DeviceQueue, SoundDevice, chainOf, deviceQueue, journalOf, soundDeviceOf } from "./device";
import { receiveRequest } from "./deviceControl";
import { hasNew, nextHead, takeMessages } from "./deviceIntake";
import { JOURNAL_KICK, noteValues } from "./journal";
import { QUEUES, QUEUE_CONTROL, RING_EVENT_INDEX } from "./numbers";
import { Virtqueue } from "./virtqueue";
import { setAvailableEvent } from "./vring";

/** A device looks at its rings: when it is kicked, when it likes, and when a driver that is not trusted has stored something. */

/** The driver notified a queue: it is looked at within the notification, or by the thread that the device is. */
export function deviceIsKicked(queue: Virtqueue): void {
  const card = cardAt(queue.card);
  if (isApart(card)) {
    ringBell(card);
    return;
  }
  const device = soundDeviceOf(card);
  noteValues(journalOf(device), JOURNAL_KICK, queue.number, 0, 0);
  const own = deviceQueue(device, queue.number);
  takeNew(device, own);
  if (own.features & RING_EVENT_INDEX) setAvailableEvent(own, own.taken);
}

/** Looks at all rings, as a device may at any time. */
export function lookAtQueues(device: SoundDevice): void {
  for (let number: u32 = 0; number < QUEUES; number++) {
    const queue = deviceQueue(device, number);
    if (queue.entries != 0) takeNew(device, queue);
  }
}

/** The driver has stored something: a device that keeps an eye on it may look at its messages in any such moment. */
export function deviceMayPoll(queue: Virtqueue): void {
  const device = soundDeviceOf(cardAt(queue.card));
  if (device.guards && queue.number != QUEUE_CONTROL) {
    takeNew(device, deviceQueue(device, queue.number));
  }
}

/** Takes what the driver exposed since the last look. */
export function takeNew(device: SoundDevice, queue: DeviceQueue): void {
  if (queue.number != QUEUE_CONTROL) takeMessages(device, queue);
  else while (hasNew(queue)) takeRequest(device, queue);
}

export function takeRequest(device: SoundDevice, queue: DeviceQueue): void {
  const head = nextHead(queue);
  watchChain(chainOf(device));
  receiveRequest(device, queue, head);
  trustChain(chainOf(device));
}
