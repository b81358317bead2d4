/** The little server behind the pages: a fixed list of paths, each with its own headers. */

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What one path answers. */
export interface Answer {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PageServer {
  /** "http://127.0.0.1:port" */
  readonly origin: string;
  close(): Promise<void>;
}

/** With both, a page may share memory between threads. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

/** Only what lies on the server itself may run, and no code may be made from text. */
export function scriptPolicy(sources: string): Readonly<Record<string, string>> {
  return { "Content-Security-Policy": `default-src 'self'; script-src ${sources}` };
}

/** Serves `answers` by path on 127.0.0.1; other paths are 404. */
export async function servePages(answers: ReadonlyMap<string, Answer>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    send(response, answers.get(pathname));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("no such path\n");
    return;
  }
  response.writeHead(200, { "Content-Type": answer.type, ...answer.headers }).end(answer.body);
}

/** A page with one script and nothing else. */
export function pageWith(script: string): string {
  return [
    "<!doctype html>",
    '<html lang="en"><meta charset="utf-8"><title>Faultline</title>',
    `<script type="module" src="${script}"></script></html>`,
  ].join("\n");
}
