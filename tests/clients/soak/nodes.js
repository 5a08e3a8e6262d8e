// The nodes of the cluster, each with a client that asks it how it is.

import { readFile, readdir } from "node:fs/promises";

import { io } from "socket.io-client";

import { startNode } from "../support/servers.js";
import { until, within } from "../support/wait.js";

/** Seconds for which a client is waited for. */
export const RECOVERY_S = 20;

const ENVIRONMENT = { RECOVERY: `${RECOVERY_S}`, HEARTBEAT: "5 10", METRICS: "/metrics", EIO3: "1" };
/** A node that was killed counts as dead after 12 s; on a busy machine it takes longer until all have noticed. */
const KNOWN_MS = 180_000;
const ANSWER_MS = 60_000;

/** How much a node may hold beyond its first census: connections to other nodes are kept for a while. */
const MORE = { tasks: 8, descriptors: 16, memory: 64 * 2 ** 20 };

/** The gauges of a node that are counted. */
const GAUGES = {
  sessions: "sio_sessions_open",
  sockets: "sio_sockets_open",
  rooms: "sio_rooms",
  parked: "sio_parked_sockets",
};

class Node {
  static async start(name, redis) {
    const node = Object.assign(new Node(), { name, ...(await startNode(name, redis, ENVIRONMENT)) });
    node.asker = io(node.url, { transports: ["websocket"], forceNew: true });
    return node;
  }

  ask(event) {
    const answer = new Promise((resolve) => this.asker.emit(event, resolve));
    return within(answer, `${this.name} to answer ${event}`, ANSWER_MS);
  }

  /** Counts what it holds: tasks, sessions, sockets, rooms, clients that are away, descriptors, bytes of memory. */
  async census() {
    const proc = `/proc/${this.pid}`;
    const tasks = await this.ask("tasks");
    const answer = await fetch(`${this.url}/metrics`, { headers: { connection: "close" } });
    const lines = (await answer.text()).split("\n");
    const samples = (gauge) => lines.filter((line) => line.split(/[{ ]/, 1)[0] === gauge);
    const sum = (gauge) => samples(gauge).reduce((all, line) => all + Number(line.split(" ").at(-1)), 0);
    const gauges = Object.entries(GAUGES).map(([name, gauge]) => [name, sum(gauge)]);
    const descriptors = (await readdir(`${proc}/fd`)).length;
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`${proc}/status`, "utf8"));
    return { tasks, ...Object.fromEntries(gauges), descriptors, memory: Number(kilobytes) * 1024 };
  }

  leave() {
    this.asker.disconnect();
  }
}

export class Nodes {
  #redis;
  #started = 0;
  all = [];
  /** Their ports, in the same order. */
  ports = [];

  static async start(redis, count) {
    const nodes = new Nodes();
    nodes.#redis = redis;
    for (let nth = 0; nth < count; nth += 1) {
      await nodes.restart(nth);
    }
    return nodes;
  }

  /** Starts another in the place of the one that was there. */
  async restart(nth) {
    this.#started += 1;
    this.all[nth] = await Node.start(`n${nth}.${this.#started}`, this.#redis);
    this.ports[nth] = this.all[nth].port;
  }

  async kill(nth) {
    this.all[nth].leave();
    await this.all[nth].kill();
  }

  async stop(nth) {
    this.all[nth].leave();
    await this.all[nth].stop();
  }

  /** Waits until each knows just these, and can reach them. */
  async acquainted() {
    const names = this.all.map(({ name }) => name).sort().join();
    const told = async () => Promise.all(this.all.map((node) => node.ask("cluster")));
    const isSo = (said) => said.every(({ nodes, up }) => up && nodes.join() === names);
    await until(told, isSo, `all nodes to know ${names}`, KNOWN_MS);
  }

  /** The losses between nodes that they have noticed. */
  async gaps() {
    return (await Promise.all(this.all.map((node) => node.ask("gaps")))).flat();
  }

  census() {
    return Promise.all(this.all.map((node) => node.census()));
  }

  /** Everything that they hold beyond what they may, as texts. */
  async held(before) {
    const now = await this.census();
    return this.all.flatMap(({ name }, nth) => {
      const limit = (what) => before[nth][what] + (MORE[what] ?? 0);
      const over = Object.keys(now[nth]).filter((what) => now[nth][what] > limit(what));
      return over.map((what) => `${name} still holds ${what}: ${now[nth][what]}, before ${before[nth][what]}`);
    });
  }

  async end() {
    await Promise.all(this.all.map((_, nth) => this.stop(nth)));
  }
}
