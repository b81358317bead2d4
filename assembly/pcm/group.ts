import { EALREADY, EBADFD, EINVAL, ENOMEM } from "../base/errno";
import { slabAlloc, slabFree } from "../machine/slab";
import { STATE_OPEN } from "./numbers";
import {
  Group,
  Stream,
  addressOf,
  groupAt,
  lockAlone,
  lockLinks,
  streamAt,
  unlockAlone,
  unlockLinks,
} from "./runtime";

/** Linked streams (snd_pcm_link and snd_pcm_unlink, sound/core/pcm_native.c): a list of members, newest first. */

/** LINK: `other` is the stream named by the argument, 0 if that number names none. */
export function linkStreams(stream: Stream, other: u32): i32 {
  if (other == 0) return -EBADFD;
  if (other == addressOf(stream)) return -EINVAL;
  lockLinks();
  const result = link(stream, streamAt(other));
  unlockLinks();
  return result;
}

function link(stream: Stream, joined: Stream): i32 {
  if (stream.state == STATE_OPEN || stream.state != joined.state) return -EBADFD;
  if (joined.group != 0) return -EALREADY;
  let group = stream.group;
  if (group == 0) {
    group = slabAlloc(offsetof<Group>()) as u32;
    if (group == 0) return -ENOMEM;
    join(group, stream);
  }
  join(group, joined);
  return 0;
}

function join(group: u32, stream: Stream): void {
  lockAlone(stream);
  stream.groupNext = groupAt(group).first;
  groupAt(group).first = addressOf(stream);
  groupAt(group).count += 1;
  stream.group = group;
  unlockAlone(stream);
}

/** UNLINK: a group of two ends with the first one that leaves. */
export function unlinkStream(stream: Stream): i32 {
  lockLinks();
  const linked = stream.group != 0;
  if (linked) leaveGroup(stream);
  unlockLinks();
  return linked ? 0 : -EALREADY;
}

/** Takes a stream out of its group, if it is in one; `lockLinks` is held. */
export function leaveGroup(stream: Stream): void {
  if (stream.group == 0) return;
  const group = groupAt(stream.group);
  remove(group, stream);
  if (group.count == 1) remove(group, streamAt(group.first));
  if (group.count == 0) slabFree(changetype<usize>(group));
}

function remove(group: Group, stream: Stream): void {
  if (group.first == addressOf(stream)) group.first = stream.groupNext;
  else {
    let at = group.first;
    while (streamAt(at).groupNext != addressOf(stream)) at = streamAt(at).groupNext;
    streamAt(at).groupNext = stream.groupNext;
  }
  group.count -= 1;
  stream.group = 0;
  stream.groupNext = 0;
}
