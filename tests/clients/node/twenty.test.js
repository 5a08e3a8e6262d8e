// Twenty nodes, each a process, over one Redis. Some die, come back and leave while clients of others talk.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EACH_MODE, ask, opened } from "../support/client.js";
import { startNode, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

const NAMES = Array.from({ length: 20 }, (_, nth) => `n${`${nth}`.padStart(2, "0")}`);
const KILLED = NAMES.slice(-3);
const LEAVING = NAMES.at(-4);

/** Nodes of which a client talks; two of them end. */
const TALKING = [...NAMES.slice(0, 4), LEAVING, KILLED[0]];
const EVERY_MS = 100;

/** A node that is silent is thought dead after 12 s. */
const DEATH_MS = 30_000;

/** Processes that are started at a time. */
const AT_ONCE = 5;

/** A client that keeps the numbers that it hears, by the node from which each came. */
class Client {
  heard = new Map();
  reasons = [];

  static async open(t, node, mode) {
    const client = new Client();
    client.name = `${mode} of ${node.name}`;
    client.node = node.name;
    client.socket = await opened(t, node.url, mode);
    client.socket.on("number", (name, number) => client.of(name).push(number));
    client.socket.on("disconnect", (reason) => client.reasons.push(reason));
    return client;
  }

  of(name) {
    const numbers = this.heard.get(name) ?? [];
    this.heard.set(name, numbers);
    return numbers;
  }

  say(number) {
    this.socket.emit("cast", { from: "server", event: "number", args: [this.node, number] });
  }
}

/** All whole numbers from one to before another. */
const numbers = (first, end) => Array.from({ length: end - first }, (_, nth) => first + nth);

test("twenty nodes are one server while three die and come back and one leaves", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const nodes = new Map();
  t.after(() => Promise.all([...nodes.values()].map((node) => node.stop())));
  const start = async (names) => {
    for (let first = 0; first < names.length; first += AT_ONCE) {
      const some = names.slice(first, first + AT_ONCE);
      const started = await Promise.all(some.map((name) => startNode(name, redis, { RECOVERY: "" })));
      some.forEach((name, nth) => nodes.set(name, { name, ...started[nth] }));
    }
  };
  /** Clients of these nodes, one in each mode. */
  const visit = (names) =>
    Promise.all(names.flatMap((name) => EACH_MODE.map((mode) => Client.open(t, nodes.get(name), mode))));

  /** All nodes that live say that just these do. */
  const settled = async (clients, milliseconds) => {
    const names = [...nodes.keys()].sort();
    const one = names.map((name) => clients.find(({ node }) => node === name));
    const differing = async () => {
      const told = await Promise.all(one.map(({ socket }) => ask(socket, "cluster")));
      return told.filter((said) => said.nodes.join() !== names.join() || !said.up);
    };
    await until(differing, ({ length }) => length === 0, `${names.length} members everywhere`, milliseconds);
  };

  await start(NAMES);
  let clients = await visit(NAMES);
  await settled(clients);

  const sent = new Map(TALKING.map((name) => [name, 0]));
  const sayers = new Map(TALKING.map((name) => [name, clients.find(({ node }) => node === name)]));
  const talking = setInterval(() => {
    for (const [name, sayer] of sayers) {
      sayer.say(sent.get(name));
      sent.set(name, sent.get(name) + 1);
    }
  }, EVERY_MS);
  t.after(() => clearInterval(talking));
  /** Everybody hears what is said from now on. */
  const heard = () => {
    const last = [...sayers.keys()].map((name) => [name, sent.get(name)]);
    const lacking = async () =>
      clients.filter((client) => !last.every(([name, number]) => client.of(name).at(-1) >= number));
    return until(async () => (await lacking()).map(({ name }) => name), ({ length }) => length === 0, "the numbers");
  };
  /** These nodes end, and their clients with them. */
  const end = async (names, how) => {
    names.forEach((name) => sayers.delete(name));
    await Promise.all(names.map((name) => how(nodes.get(name))));
    names.forEach((name) => nodes.delete(name));
    clients = clients.filter(({ node }) => nodes.has(node));
  };

  await heard();
  await end(KILLED, (node) => node.kill());
  await settled(clients, DEATH_MS);
  await heard();
  const stayed = [...clients];

  await start(KILLED);
  const newcomers = await visit(KILLED);
  clients.push(...newcomers);
  await settled(clients);
  await end([LEAVING], (node) => node.stop());
  await settled(clients);
  await heard();

  clearInterval(talking);
  sayers.forEach((sayer, name) => {
    sayer.say(sent.get(name));
    sent.set(name, sent.get(name) + 1);
  });
  const isComplete = (client) => [...sayers.keys()].every((name) => client.of(name).at(-1) === sent.get(name) - 1);
  const incomplete = async () => clients.filter((client) => !isComplete(client)).map(({ name }) => name);
  await until(incomplete, ({ length }) => length === 0, "the last numbers");

  const lived = stayed.filter((client) => clients.includes(client));
  assert.equal(lived.length, (NAMES.length - KILLED.length - 1) * EACH_MODE.length);
  for (const client of lived) {
    for (const name of sayers.keys()) {
      assert.deepEqual(client.of(name), numbers(0, sent.get(name)), `of ${name} at ${client.name}`);
    }
    // Of a node that has ended all have the same: what it could send before.
    for (const name of [LEAVING, KILLED[0]]) {
      const all = client.of(name);
      assert.ok(all.length > 0 && all.length <= sent.get(name), `of ${name} at ${client.name}`);
      assert.deepEqual(all, numbers(0, all.length), `of ${name} at ${client.name}`);
      assert.equal(all.length, lived[0].of(name).length, `of ${name} at ${client.name}`);
    }
  }
  for (const client of newcomers) {
    for (const name of sayers.keys()) {
      const [first] = client.of(name);
      assert.deepEqual(client.of(name), numbers(first, sent.get(name)), `of ${name} at ${client.name}`);
    }
  }
  assert.deepEqual(clients.flatMap(({ reasons }) => reasons), []);
  assert.deepEqual((await Promise.all(clients.map(({ socket }) => ask(socket, "gaps")))).flat(), []);
});
