// Starts the real servers on free ports and stops them again, each by its own process id.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { within } from "./wait.js";

const HOST = "127.0.0.1";
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Where the programs are: `SIO_BIN`, or what `cargo build` made. */
const BIN = process.env.SIO_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug");

/** A server may take its time to say goodbye to its clients: its drain lasts 10 s by default. */
const STOP_DEADLINE_MS = 20_000;

class Program {
  #child;
  #log = "";

  /** Resolves when the program has printed the line that `isReady` waits for. */
  static async start(name, args, env, isReady, isAtOnce = false) {
    const program = new Program();
    const child = spawn(resolve(BIN, name), args, {
      env: { ...process.env, HOST, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    program.#child = child;
    child.stderr.on("data", (data) => (program.#log = (program.#log + data).slice(-8_000)));

    if (isAtOnce) {
      child.stdout.resume();
      return program;
    }
    const exited = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${name} ended before it was ready (${code ?? signal})\n${program.#log}`);
    });
    const ready = (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        if (isReady(line)) {
          child.stdout.resume();
          return;
        }
      }
      await exited; // It says nothing more, and why is in its log.
    })();
    try {
      await within(Promise.race([ready, exited]), `${name} to be ready`);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    exited.catch(() => {}); // From here on an end is not a failed start any more.
    return program;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Writes a line to the program's input. */
  tell(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  /** The memory that it has of the system now, in bytes. */
  async memory() {
    const status = await readFile(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
  }

  /** Ends the program, and returns whether it was still alive. */
  async end() {
    const isAlive = this.#child.exitCode === null && this.#child.signalCode === null;
    await (isAlive ? this.kill() : undefined);
    return isAlive;
  }

  /** Ends the program as a crash does. */
  async kill() {
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await within(exit, "the server to end");
  }

  /** Asks the program to end, and fails unless it does so in time and with code 0. */
  async stop() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      try {
        await within(exit, "the server to end", STOP_DEADLINE_MS);
      } catch (error) {
        child.kill("SIGKILL");
        throw error;
      }
    }
    if (child.exitCode !== 0) {
      throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}\n${this.#log}`);
    }
  }
}

/** How far the profiles of the acceptance application are from its base port. */
const PORTS = { main: 1, recovery: 2, msgpack: 3, eio3: 4, chat: 5 };

/**
 * The acceptance application: `{ main, chat, certificates, stop }`, where `main`, `chat` and so on are addresses of the named
 * profiles. `certificates` holds the hashes of those that are served by WebTransport.
 */
export async function startAcceptance(env = {}, profiles = ["main", "chat"]) {
  // PORT is the base of a range of ports; another program may take one of them before the server does.
  for (let attempt = 1; ; attempt += 1) {
    const base = await freeRange(6);
    const missing = new Set(profiles.map((profile) => `${profile} ${base + PORTS[profile]}`));
    try {
      const certificates = {};
      const program = await Program.start("acceptance", profiles, { ...env, PORT: `${base}` }, (line) => {
        const [, profile, hash] = /^webtransport (\w+) (\w+)$/.exec(line) ?? [];
        if (profile) {
          certificates[profile] = hash;
        }
        missing.delete(line.replace(/^listening /, ""));
        return missing.size === 0;
      });
      const addresses = profiles.map((profile) => [profile, `http://${HOST}:${base + PORTS[profile]}`]);
      return { ...Object.fromEntries(addresses), certificates, stop: () => program.stop() };
    } catch (error) {
      if (attempt === 3) {
        throw error;
      }
    }
  }
}

/** The server with the short heartbeat: `{ url, stop, kill }`. */
export async function startE2e(port = 0, env = {}) {
  let url;
  const program = await Program.start("e2e_server", [], { ...env, PORT: `${port}` }, (line) => {
    const found = /^listening e2e (\d+)$/.exec(line);
    url = found && `http://${HOST}:${found[1]}`;
    return found !== null;
  });
  const found = Number(new URL(url).port);
  return { url, port: found, stop: () => program.stop(), kill: () => program.kill() };
}

/** A program of the book that serves on a free port: `{ url, stop }`. */
export async function startListing(name) {
  let url;
  const program = await Program.start(name, [], { PORT: "0" }, (line) => {
    url = /^listening on (http:\S+)$/.exec(line)?.[1];
    return url !== undefined;
  });
  return { url, stop: () => program.end() };
}

/** One node of the acceptance application, whose clients may come back: `{ url, port, pid, stop, kill, signal }`. */
export async function startNode(name, redis, env = {}) {
  let port;
  const all = { RECOVERY: "60", ...env, PORT: "0", NODE: name, CLUSTER: redis.url };
  const program = await Program.start("acceptance", ["cluster"], all, (line) => {
    port = /^listening cluster (\d+)$/.exec(line)?.[1];
    return port !== undefined;
  });
  const stop = () => program.stop();
  const signal = (signal) => program.signal(signal);
  const { pid } = program;
  return { url: `http://${HOST}:${port}`, port: Number(port), pid, stop, kill: () => program.kill(), signal };
}

/**
 * A Redis of its own, as `REDIS` names the program: `{ url, signal, kill, run, stop }`. After `kill`, `run` starts it again,
 * on the same port.
 */
export async function startRedis() {
  const port = await listenOnce(0);
  const args = ["--port", `${port}`, "--bind", HOST, "--save", "", "--appendonly", "no"];
  const isReady = (line) => line.includes("Ready to accept connections");
  let program;
  const run = async () => {
    program = await Program.start(process.env.REDIS ?? "/usr/bin/redis-server", args, {}, isReady);
  };
  await run();
  return {
    url: `redis://${HOST}:${port}`,
    run,
    signal: (signal) => program.signal(signal),
    kill: () => program.kill(),
    stop: () => program.stop(),
  };
}

/** nginx with the book's configuration, in front of the servers at these ports, as `NGINX` names the program: `{ url, stop }`. */
export async function startNginx(ports) {
  const book = await readFile(join(ROOT, "book/listings/deploy/nodes.nginx.conf"), "utf8");
  const port = await listenOnce(0);
  const upstream = ports.map((port) => `server ${HOST}:${port};`).join(" ");
  const site = book
    .replace(/(server 10\.[\d.]+:3000;\s*)+/, `${upstream}\n`)
    .replace("listen 80;", `listen ${HOST}:${port};`);
  const directory = await mkdtemp(join(tmpdir(), "sio-nginx-"));
  // Its workers are another user if this one is root.
  await chmod(directory, 0o755);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const lines = [
    "daemon off;",
    "worker_processes 2;",
    `pid ${directory}/pid;`,
    "error_log stderr notice;",
    "events { worker_connections 1024; }",
    "http {",
    "access_log off;",
    ...temporary.map((name) => `${name}_temp_path ${directory}/${name};`),
    site,
    "}",
  ];
  await writeFile(join(directory, "nginx.conf"), lines.join("\n"));
  // Its log says when it is ready.
  const command = `exec "${process.env.NGINX ?? "/usr/sbin/nginx"}" -e stderr -c "${directory}/nginx.conf" 2>&1`;
  const program = await Program.start("/bin/sh", ["-c", command], {}, (line) => line.includes("start worker process "));
  const stop = async () => {
    await program.stop();
    await rm(directory, { recursive: true });
  };
  return { url: `http://${HOST}:${port}`, stop };
}

/** The acceptance application as a node of a cluster: `{ url, memory, stop }`; `memory` tells its size, in bytes. */
export async function startMember(broker, name, env = {}) {
  let url;
  const settings = { CLUSTER: broker, NODE: name, PORT: "0", ...env };
  const program = await Program.start("acceptance", ["cluster"], settings, (line) => {
    const found = /^listening cluster (\d+)$/.exec(line);
    url = found && `http://${HOST}:${found[1]}`;
    return found !== null;
  });
  return { url, memory: () => program.memory(), stop: () => program.stop() };
}

/**
 * A process beside nodes: `node` or `python` with what it is told, or our own `emitter` for the clusters of others.
 * `{ url, tell, signal, kill, end }`; `end` says whether it was still alive.
 */
export async function startForeign(kind, ...args) {
  let url;
  const isReady = (line) => {
    const found = /^listening (\d+)$/.exec(line);
    url = found && `http://${HOST}:${found[1]}`;
    return found !== null || line === "ready";
  };
  const script = (path) => fileURLToPath(new URL(path, import.meta.url));
  const program = await {
    node: () => Program.start(process.execPath, [script("foreign_node.js"), ...args], {}, isReady),
    python: () => {
      const python = process.env.PYTHON ?? script("../python/.venv/bin/python");
      const [mode, broker, channel = "socketio"] = args;
      return Program.start(python, [script("../python/foreign/server.py"), mode, broker, channel], {}, isReady);
    },
    emitter: () => Program.start("emitter", [], { CLUSTER: args[0], AS: args[1] }, () => true, true),
  }[kind]();
  const tell = (what) => program.tell(JSON.stringify(what));
  return { url, tell, signal: (signal) => program.signal(signal), kill: () => program.kill(), end: () => program.end() };
}

/** Runs the service of the example `workers` to its end. */
export async function runService(redis, order) {
  const service = fileURLToPath(new URL("../../../examples/workers/service.mjs", import.meta.url));
  const child = spawn(process.execPath, [service, order], { env: { ...process.env, REDIS: redis }, stdio: "ignore" });
  const [code] = await within(once(child, "exit"), "the service to end");
  if (code !== 0) {
    throw new Error(`the service ended with ${code}`);
  }
}

/** A server of the example `moving` as it was before, in `python` or in `node`: `{ url, kill, end }`. */
export async function startOld(language, redis) {
  const folder = fileURLToPath(new URL("../../../examples/moving/", import.meta.url));
  const port = await listenOnce(0);
  const url = `http://${HOST}:${port}`;
  const command = {
    python: [process.env.PYTHON ?? fileURLToPath(new URL("../python/.venv/bin/python", import.meta.url)), "-u", `${folder}server.py`],
    node: [process.execPath, `${folder}server.mjs`],
  }[language];
  const env = { PORT: `${port}`, REDIS: redis };
  const program = await Program.start(command[0], command.slice(1), env, (line) => line.includes(url));
  return { url, kill: () => program.kill(), end: () => program.end() };
}

/** An example with its page: `{ url, port, stop }`. */
export async function startExample(name, { port = 0, ...env } = {}) {
  let url;
  const program = await Program.start(name, [], { ...env, PORT: `${port}` }, (line) => {
    url = /https?:\/\/\S+/.exec(line)?.[0];
    return url !== undefined;
  });
  return { url, port: Number(new URL(url).port), stop: () => program.stop() };
}

/** The chat on three nodes, with its Redis and its proxy: `{ url, stop, tell }`. */
export async function startCluster() {
  let url;
  const program = await Program.start("cluster", [], { PORT: "0" }, (line) => {
    url = /http:\/\/[^\s,]+/.exec(line)?.[0];
    return url !== undefined;
  });
  return { url, stop: () => program.stop(), tell: (line) => program.tell(line) };
}

/** The chat example. */
export function startChat(port) {
  return startExample("chat", { port });
}

/** The first of `count` neighbouring ports that are all free now. */
async function freeRange(count) {
  for (;;) {
    const first = await listenOnce(0);
    const rest = Array.from({ length: count - 1 }, (_, index) => first + 1 + index);
    const taken = await Promise.all(rest.map((port) => listenOnce(port).then(() => false, () => true)));
    if (first + count < 65_536 && !taken.includes(true)) {
      return first;
    }
  }
}

async function listenOnce(port) {
  const server = createServer();
  server.listen(port, HOST);
  await once(server, "listening");
  const { port: found } = server.address();
  server.close();
  await once(server, "close");
  return found;
}
