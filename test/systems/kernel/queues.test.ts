import { beforeEach, describe, expect, test } from "vitest";
import { errnos } from "../../../src/base/errno.ts";
import { Pipe } from "../../../src/systems/kernel/pipe.ts";
import { UnixSocket, type SocketType } from "../../../src/systems/kernel/socket.ts";
import { PAGE } from "../../machine/pool.ts";
import { makeBed, tail, tailBytes, type Bed } from "./bed.ts";

const { EAGAIN, EFAULT, EMSGSIZE } = errnos;
const CAPACITY = 16 * PAGE;

let bed: Bed;

beforeEach(async () => {
  bed = await makeBed();
});

describe("a pipe", () => {
  /** A pipe for one test; nothing of it may stay. */
  function withPipe(use: (pipe: Pipe) => void): void {
    const before = bed.machine.framesInUse;
    const pipe = new Pipe(bed.machine);
    use(pipe);
    pipe.close();
    expect(bed.machine.framesInUse).toBe(before);
  }

  test("drops the page that a fault leaves unfinished, and counts the ones before", () => {
    withPipe((pipe) => {
      expect(pipe.write(tail(bed.task, PAGE + 100, 50))).toBe(PAGE);
      expect(pipe.queued).toBe(PAGE);
      expect(pipe.write(tail(bed.task, 100, 50))).toBe(-EFAULT);
    });
  });

  test("keeps what a fault leaves undelivered, and counts the pages before", () => {
    withPipe((pipe) => {
      pipe.write(tail(bed.task, 2 * PAGE));
      expect(pipe.read(tail(bed.task, 2 * PAGE, PAGE / 2))).toBe(PAGE);
      expect(pipe.queued).toBe(PAGE);
      expect(pipe.read(tail(bed.task, PAGE, 1))).toBe(-EFAULT);
      expect([...pipe.content()]).toEqual([...tailBytes(PAGE)]);
    });
  });

  test("puts the odd bytes of a write behind the newest data while they fit on its page", () => {
    withPipe((pipe) => {
      for (let write = 0; write < 40; write++) expect(pipe.write(tail(bed.task, 1000))).toBe(1000);
      expect(pipe.queued).toBe(40_000);
      expect(pipe.write(tail(bed.task, 96))).toBe(96);
      expect([...pipe.content().subarray(-1096)]).toEqual([...tailBytes(1000), ...tailBytes(96)]);
    });
  });

  test("is full after sixteen pages and empty after the last byte; then it says so", () => {
    withPipe((pipe) => {
      expect(pipe.read(tail(bed.task, 10))).toBe(-EAGAIN);
      expect(pipe.write(tail(bed.task, CAPACITY + PAGE))).toBe(CAPACITY);
      expect(pipe.write(tail(bed.task, PAGE))).toBe(-EAGAIN);
      expect(pipe.read(tail(bed.task, 100))).toBe(100);
      expect(pipe.read(tail(bed.task, CAPACITY))).toBe(CAPACITY - 100);
      expect(pipe.read(tail(bed.task, 1))).toBe(-EAGAIN);
    });
  });

  test("moves nothing for nothing, full or empty", () => {
    withPipe((pipe) => {
      expect([pipe.write(tail(bed.task, 0)), pipe.read(tail(bed.task, 0))]).toEqual([0, 0]);
    });
  });
});

describe("a UNIX socket", () => {
  function withSocket(type: SocketType, use: (socket: UnixSocket) => void): void {
    const before = bed.machine.framesInUse;
    const socket = new UnixSocket(bed.machine, type);
    use(socket);
    socket.close();
    expect(bed.machine.framesInUse).toBe(before);
  }

  test.each(["stream", "dgram"] as const)("%s: a send that faults queues nothing", (type) => {
    withSocket(type, (socket) => {
      expect(socket.send(tail(bed.task, 500, 1))).toBe(-EFAULT);
      expect(socket.queued).toBe(0);
      expect(socket.receive(tail(bed.task, 10))).toBe(-EAGAIN);
    });
  });

  test("a stream keeps what a fault leaves undelivered", () => {
    withSocket("stream", (socket) => {
      socket.send(tail(bed.task, 500));
      expect(socket.receive(tail(bed.task, 400, 1))).toBe(-EFAULT);
      expect([...socket.content()]).toEqual([...tailBytes(500)]);
    });
  });

  test("to want nothing of a stream is 0 only where there is something", () => {
    withSocket("stream", (socket) => {
      expect(socket.receive(tail(bed.task, 0))).toBe(-EAGAIN);
      socket.send(tail(bed.task, 1));
      expect(socket.receive(tail(bed.task, 0))).toBe(0);
      expect(socket.queued).toBe(1);
    });
  });

  test("a stream has no borders between messages", () => {
    withSocket("stream", (socket) => {
      for (const length of [10, 20, 30]) socket.send(tail(bed.task, length));
      expect(socket.receive(tail(bed.task, 25))).toBe(25);
      expect(socket.queued).toBe(35);
      expect(socket.receive(tail(bed.task, 100))).toBe(35);
    });
  });

  test("a datagram is gone once it was received, cut or not delivered", () => {
    withSocket("dgram", (socket) => {
      for (let send = 0; send < 4; send++) socket.send(tail(bed.task, 300));
      expect(socket.receive(tail(bed.task, 100))).toBe(100);
      expect(socket.receive(tail(bed.task, 300, 1))).toBe(-EFAULT);
      expect(socket.receive(tail(bed.task, 0))).toBe(0);
      expect(socket.queued).toBe(300);
    });
  });

  test("what does not fit is refused or waits", () => {
    bed.task.map({ at: 0x50000000, length: 300_000, populate: true });
    withSocket("dgram", (socket) => {
      const big = (length: number): ReturnType<typeof tail> =>
        tail(bed.task, length, 0x50000000 + length - 0x40010000);
      expect(socket.send(big(250_000))).toBe(-EMSGSIZE);
      expect(socket.send(big(150_000))).toBe(150_000);
      expect(socket.send(big(150_000))).toBe(-EAGAIN);
    });
  });
});
