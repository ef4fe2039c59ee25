// The wire between a page and the server, in the test's hands: a TCP proxy below the browser. Chromium's own offline switch
// leaves an open WebSocket alive, and no switch of a browser loses an answer that the server has given already.
//
// Whoever uses it lets the site allow `origin`, and opens the server's pages there. It promises that nothing of it
// outlives the test, and that a connection it has lost bytes of never carries any again.

import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Wire {
  /** Where the server is for those at the other end of the wire. */
  origin: string;
  /** From now on nothing of what the present connections carry that way arrives; nobody is told. New ones are well. */
  lose(way: "up" | "down"): void;
  /** Everything is lost both ways, of new connections too, and nobody is told. */
  goesDark(): void;
  /** The present connections are cut, and new ones too, once they ask for a path that starts so: "/" is all of them. */
  refuses(path: string): void;
  /** New connections are well again. */
  mend(): void;
}

interface Pair {
  page: Socket;
  server: Socket;
  isLost: { up: boolean; down: boolean };
  asked: string;
}

export async function wireTo(test: TestContext, origin: string): Promise<Wire> {
  const { hostname, port } = new URL(origin);
  const pairs = new Set<Pair>();
  let isDark = false;
  let refused: string | undefined;

  function cut(pair: Pair): void {
    pairs.delete(pair);
    pair.page.destroy();
    pair.server.destroy();
  }

  function isRefused({ asked }: Pair): boolean {
    return refused !== undefined && asked.startsWith(`GET ${refused}`);
  }

  const proxy = createServer((page) => {
    const pair: Pair = { page, server: connect(Number(port), hostname), isLost: { up: isDark, down: isDark }, asked: "" };
    pairs.add(pair);
    page.on("data", (bytes) => {
      // A connection that is kept alive asks for many things: the last one counts.
      if (/^[A-Z]+ \//.test(bytes.toString("latin1", 0, 16))) pair.asked = bytes.toString("latin1", 0, 200);
      if (isRefused(pair)) cut(pair);
      else if (!pair.isLost.up) pair.server.write(bytes);
    });
    pair.server.on("data", (bytes) => {
      if (!pair.isLost.down) page.write(bytes);
    });
    for (const socket of [page, pair.server]) {
      socket.on("error", () => cut(pair));
      // In the dark nobody hears of an end either.
      socket.on("close", () => !isDark && cut(pair));
    }
  });
  // An address that no client connects from, as the server has one.
  const host = `127.${1 + Math.floor(Math.random() * 254)}.${1 + Math.floor(Math.random() * 254)}.7`;
  await new Promise<void>((done, fail) => proxy.once("error", fail).listen(0, host, done));
  const address = proxy.address();
  if (typeof address !== "object" || address === null) throw new Error("The wire has no port.");
  test.after(() => {
    proxy.close();
    for (const pair of pairs) cut(pair);
  });
  return {
    origin: `http://${host}:${address.port}`,
    lose(way) {
      for (const { isLost } of pairs) isLost[way] = true;
    },
    goesDark() {
      isDark = true;
      for (const { isLost } of pairs) isLost.up = isLost.down = true;
    },
    refuses(path) {
      refused = path;
      for (const pair of pairs) if (isRefused(pair)) cut(pair);
    },
    mend() {
      isDark = false;
      refused = undefined;
    },
  };
}
