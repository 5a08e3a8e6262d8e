// The processes with the clients.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { until, within } from "../support/wait.js";

const LEAVE_MS = 30_000;

const script = (path) => fileURLToPath(new URL(path, import.meta.url));

const COMMANDS = {
  javascript: () => [process.execPath, script("peer.js")],
  python: () => [process.env.PYTHON ?? script("../python/.venv/bin/python"), script("peer.py")],
};

/** A process with clients, which a link may be in front of: `hears` is told each thing that one of them says. */
export class Peer {
  #child;
  /** By name: whether a client is there, and which mark it has reached. */
  clients = new Map();

  constructor(name, language, clients, hears, link) {
    const [program, ...args] = COMMANDS[language]();
    this.name = name;
    this.link = link;
    clients.forEach((client) => this.clients.set(client.name, { isThere: false, marked: -1 }));
    this.#child = spawn(program, [...args, JSON.stringify(clients)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      const said = JSON.parse(line);
      this.#notes(said);
      hears(said);
    });
  }

  #notes({ what, who, nth, recovered }) {
    const client = this.clients.get(who);
    if (what === "came" || (what === "returned" && recovered)) {
      client.isThere = true;
    } else if (what === "left") {
      client.isThere = false;
      client.marked = -1;
    } else if (what === "marked") {
      client.marked = nth;
    }
  }

  hasMarked(nth) {
    return [...this.clients.values()].every(({ isThere, marked }) => isThere && marked === nth);
  }

  tell(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  /** Has its clients leave in order. */
  async leave() {
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    await within(exit, `the clients ${this.name} to leave`, LEAVE_MS);
  }

  kill() {
    this.#child.kill("SIGKILL");
  }
}

/** Waits until all clients are there. */
export function present(peers, milliseconds) {
  return all(peers, ({ isThere }) => isThere, "all clients to be there", milliseconds);
}

/** Has each client say one more number and be silent then. */
export async function marked(peers, nth, milliseconds) {
  peers.forEach((peer) => peer.tell(`mark ${nth}`));
  await all(peers, ({ marked }) => marked === nth, "all clients to say one more number", milliseconds);
}

function all(peers, isSo, what, milliseconds) {
  const clients = peers.flatMap((peer) => [...peer.clients]);
  const others = async () => clients.filter(([, client]) => !isSo(client)).map(([name]) => name);
  return until(others, ({ length }) => length === 0, what, milliseconds);
}
