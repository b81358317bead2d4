/** Steps of a process on its own memory, as calls on the rooms of src/systems/kernel. */

import { loadByProgram, storeByProgram } from "../../machine/programAccess.ts";
import { readDevice, writeDevice, type DeviceName } from "../../systems/kernel/devices.ts";
import { readFile, writeFile } from "../../systems/kernel/fileData.ts";
import { Pipe } from "../../systems/kernel/pipe.ts";
import { UnixSocket } from "../../systems/kernel/socket.ts";
import { systemCall, type SystemCallName } from "../../systems/kernel/systemCalls.ts";
import type { UserIterator } from "../../systems/kernel/userIterator.ts";
import { importBuffer } from "../../systems/kernel/vector.ts";
import type { Answer } from "./machine.ts";
import type { OperationOf } from "../base/handlers.ts";
import type { OwnStep } from "./steps.ts";
import {
  createFilled,
  fileContent,
  type RemoteHandlers,
  type Program,
  type World,
} from "./world.ts";
import { wordOf } from "../base/trace.ts";

type StepOf<Op extends OwnStep["op"]> = OperationOf<OwnStep, Op>;

/** Each step makes its call on what it sets up for it alone. */
export const ownSteps: RemoteHandlers<OwnStep> = {
  pipe_write: (world, step) =>
    withPipe(world, (pipe, program) => writePipe(pipe, program, step), step),
  pipe_read: (world, step) =>
    withPipe(world, (pipe, program) => readPipe(pipe, program, step), step),
  file_write: writeNewFile,
  file_read: readNewFile,
  sock_send: (world, step) =>
    withSocket(world, step, (socket, program) => send(socket, program, step)),
  sock_recv: (world, step) =>
    withSocket(world, step, (socket, program) => receive(socket, program, step)),
  dev_read: (world, step) => onDevice(world, step, readDevice),
  dev_write: (world, step) => onDevice(world, step, writeDevice),
  sys: callSystem,
  cpu_load: load,
  cpu_store: store,
};

/** Goes on with what the call took over, or says why it took nothing. */
function given(taken: UserIterator | number, use: (taken: UserIterator) => number): number {
  return typeof taken === "number" ? taken : use(taken);
}

function withPipe(
  world: World,
  use: (pipe: Pipe, program: Program) => Answer,
  { p }: OwnStep,
): Answer {
  const program = world.program(p);
  const pipe = new Pipe(world.machine);
  const answer = use(pipe, program);
  pipe.close();
  return answer;
}

function writePipe(pipe: Pipe, program: Program, { iov }: StepOf<"pipe_write">): Answer {
  const result = given(program.importElements(iov), (from) => pipe.write(from));
  return { result, received: pipe.content() };
}

function readPipe(pipe: Pipe, program: Program, step: StepOf<"pipe_read">): Answer {
  if (step.fill > 0) pipe.write(program.ownContent(step.seed, step.fill));
  const result = given(program.importElements(step.iov), (to) => pipe.read(to));
  return { result, left: pipe.queued };
}

function readNewFile(
  world: World,
  { p, iov, off, size, seed, backing }: StepOf<"file_read">,
): Answer {
  const file = createFilled(world.machine, size, seed, backing);
  const result = given(world.program(p).importElements(iov), (to) => readFile(file, off, to));
  file.close();
  return { result };
}

function writeNewFile(
  world: World,
  { p, iov, off, size, seed, backing }: StepOf<"file_write">,
): Answer {
  const file = createFilled(world.machine, size, seed, backing);
  const result = given(world.program(p).importElements(iov), (from) => writeFile(file, off, from));
  const received = fileContent(file, world.machine.constant("PAGE_SIZE"));
  file.close();
  return { result, received, sizeAfter: received.length };
}

function withSocket(
  world: World,
  { p, type }: StepOf<"sock_send" | "sock_recv">,
  use: (socket: UnixSocket, program: Program) => Answer,
): Answer {
  const program = world.program(p);
  const socket = new UnixSocket(world.machine, type);
  const answer = use(socket, program);
  socket.close();
  return answer;
}

function send(socket: UnixSocket, program: Program, { iov }: StepOf<"sock_send">): Answer {
  const result = given(program.importElements(iov), (from) => socket.send(from));
  return { result, received: socket.content() };
}

function receive(socket: UnixSocket, program: Program, step: StepOf<"sock_recv">): Answer {
  if (step.fill > 0) socket.send(program.ownContent(step.seed, step.fill));
  const result = given(program.importElements(step.iov), (to) => socket.receive(to));
  return { result, left: socket.queued };
}

function onDevice(
  world: World,
  { p, dev, addr, len }: StepOf<"dev_read">,
  move: (device: DeviceName, user: UserIterator) => number,
): Answer {
  const user = importBuffer(world.program(p).task, wordOf(addr), wordOf(len));
  return { result: given(user, (it) => move(dev as DeviceName, it)) };
}

/** Calls whose positive result the recordings state as 1: it depends on the machine. */
const statedAsOne: readonly string[] = ["getdents64", "open"];

function callSystem(world: World, { p, name, addr, x }: StepOf<"sys">): Answer {
  const { process } = world.program(p);
  const result = systemCall(process, name as SystemCallName, wordOf(addr), x);
  if (name === "prctl_set_name" && result === 0) {
    const { name: bytes } = process;
    return { result, nameAfter: bytes.subarray(0, bytes.indexOf(0)) };
  }
  return { result: statedAsOne.includes(name) ? Math.min(result, 1) : result };
}

function load(world: World, { p, addr }: StepOf<"cpu_load">): Answer {
  const { task } = world.program(p);
  const byte = new Uint8Array(1);
  const signal = loadByProgram(task, wordOf(addr), byte);
  return signal === null ? { result: 0, word: BigInt(byte[0]!) } : { result: -1, signal };
}

function store(world: World, { p, addr, val }: StepOf<"cpu_store">): Answer {
  const { task } = world.program(p);
  const signal = storeByProgram(task, wordOf(addr), Uint8Array.of(val));
  return signal === null ? { result: 0 } : { result: -1, signal };
}
