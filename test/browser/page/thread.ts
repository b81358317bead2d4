/** A worker that is a CPU, or watches those, as on a host whose ports close silently. */

import { serveThread } from "../../../src/threads/serve.ts";

type ThreadData = Parameters<typeof serveThread>[0];

/** Events of a port that this host does not have never come. */
function closeSilently(): void {
  const { prototype } = MessagePort;
  const add = prototype.addEventListener;
  prototype.addEventListener = function (this: MessagePort, ...list: Parameters<typeof add>) {
    if (list[0] !== "close") add.apply(this, list);
  };
}

self.addEventListener("message", ({ data }: MessageEvent<ThreadData>) => {
  closeSilently();
  serveThread(data, {});
});
self.postMessage("ready");
