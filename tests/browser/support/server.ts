// A server of a test's own: the real binary on a free port, in an empty folder, with graces short enough to wait for.
//
// It listens on a loopback address of its own, from which no client connects: a page that retries the port of a killed
// server could otherwise be given that very port as its own end and occupy it. It promises that nothing outlives the test.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { DEADLINE_MS, until } from "./until.ts";

/** The build that the tests are about. */
export const BINARY = resolve(process.env["CARGO_TARGET_DIR"] ?? "target", "debug", "balie");

export interface Server {
  /** Where browsers reach it: the origin of its own pages too. */
  origin: string;
  /** The one-time link of the first start. */
  setupLink(): string;
  /** Sends the signal and waits for the end: SIGKILL is a crash, SIGTERM an orderly stop. Gives the exit code. */
  stop(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
  /** Starts it anew on the same address and data, perhaps as another build. */
  startAgain(binary?: string): Promise<void>;
}

export interface ServerOptions {
  binary?: string;
  /** Settings by the names of the environment. */
  settings?: Record<string, string>;
}

interface Running {
  process: ChildProcess;
  lines: string[];
  errors: string[];
}

export async function startServer(test: TestContext, { settings = {}, binary = BINARY }: ServerOptions = {}): Promise<Server> {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: run \`cargo build\` first.`);
  const folder = await mkdtemp(join(tmpdir(), "balie-flow-"));
  const host = ownLoopback();
  const port = await freePort(host);
  const origin = `http://${host}:${port}`;
  let running = await run(binary, folder, host, port, settings);
  const setupLink = running.lines.map((line) => /https?:\S+#setup=\S+/.exec(line)?.[0]).find((link) => link !== undefined);
  test.after(async () => {
    await end(running, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });
  return {
    origin,
    setupLink() {
      if (setupLink === undefined) throw new Error(`No set-up link was printed:\n${running.lines.join("\n")}`);
      return setupLink;
    },
    stop: async (signal) => end(running, signal),
    async startAgain(other = BINARY) {
      running = await run(other, folder, host, port, settings);
    },
  };
}

async function run(binary: string, folder: string, host: string, port: number, settings: Record<string, string>): Promise<Running> {
  // Settings of whoever runs the tests are not the tests' own.
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("BALIE_"));
  const own = { BALIE_DATA: folder, BALIE_LISTEN: `${host}:${port}`, BALIE_PUBLIC_URL: `http://${host}:${port}`, BALIE_LOG_FILTER: "warn" };
  const child = spawn(binary, [], { env: { ...Object.fromEntries(environment), ...own, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  const running: Running = { process: child, lines: [], errors: [] };
  createInterface({ input: child.stdout }).on("line", (line) => running.lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => running.errors.push(line));
  try {
    await until("the server answers", async () => {
      if (child.exitCode !== null) return true; // it will not answer any more
      return (await fetch(`http://${host}:${port}/readyz`)).ok;
    });
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`The server did not start:\n${running.errors.join("\n")}`, { cause: error });
  }
  return running;
}

async function end({ process: child }: Running, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((done, fail) => {
    const late = setTimeout(() => fail(new Error(`The server did not end after ${signal}.`)), DEADLINE_MS);
    child.once("exit", (code) => {
      clearTimeout(late);
      done(code);
    });
  });
  child.kill(signal);
  return ended;
}

function ownLoopback(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 254);
  return `127.${part()}.${part()}.${part()}`;
}

function freePort(host: string): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once("error", fail);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address !== null ? done(address.port) : fail(new Error("no port"))));
    });
  });
}
