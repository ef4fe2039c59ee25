// Somebody's own web site: a server of a few files on an origin of its own, beside Balie's. The browser must really fetch
// its pages: one that a test makes up within the browser may not open sockets to this machine.

import { createServer } from "node:http";
import type { TestContext } from "node:test";

/** A type and a body, by path. */
export type Files = Record<string, [type: string, body: string]>;

/** Serves the files until the test is over, and gives the origin. */
export async function siteOf(test: TestContext, files: Files, headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const [type, body] = files[request.url ?? ""] ?? [];
    if (type === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": type, ...headers }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The site has no port.");
  return `http://127.0.0.1:${address.port}`;
}
