// Programs that are no servers, of every kind, at one Redis, and whose clients each of them reaches.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, inbox } from "../support/client.js";
import { cast, client, EXACT, foreign, wrapped } from "../support/foreign.js";
import { startMember, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

/** The servers: two nodes, and what they have joined. */
const SERVERS = ["sio", "sio", "python", "flask", "node", "sharded"];

/** A line for a program of this project, which reads no bytes. */
const ours = (event, args, { to, except }) => ({ cast: { event, args, to, except } });
/** A line for one in Node. */
const ofNode = (event, args, { to, except }) => ({ op: "emit", event, args: wrapped(args), to, except });
/** A line for one in Python, which leaves out sockets only. */
const ofPython = (event, args, { to, except }) => ({ op: "emit", event, args: wrapped(args), to: to?.length > 1 ? to : to?.[0], skip: except });

/** The arguments that a program can say, and what becomes of them: one that is null is none in the words of Python. */
const exact = (line, reach) =>
  Object.entries(EXACT)
    .filter(([what]) => line !== ours || !what.includes("bytes"))
    .map(([what, args]) => [args, {}, () => true, what === "null" && /python|flask/.test(reach) ? [] : args]);

/** The programs, how they are told something, and the servers whose clients they reach. */
const PROGRAMS = {
  "sio's own for nodes": { start: (url) => ["emitter", url, "sio"], line: ours, reach: ["sio"] },
  "sio's own for Python": { start: (url) => ["emitter", url, "python"], line: ours, reach: ["sio", "python"] },
  "sio's own for Flask": { start: (url) => ["emitter", url, "flask"], line: ours, reach: ["sio", "flask"] },
  "sio's own for Node": { start: (url) => ["emitter", url, "node"], line: ours, reach: ["sio", "node"] },
  "sio's own for shards": { start: (url) => ["emitter", url, "node-sharded"], line: ours, reach: ["sio", "sharded"] },
  "Node's Redis emitter": { start: (url) => ["node", "emit", url], line: ofNode, reach: ["sio", "node"] },
  "a manager of Python that only writes": { start: (url) => ["python", "work", url], line: ofPython, reach: ["sio", "python"] },
  "Flask-SocketIO at its default channel": { start: (url) => ["python", "flask", url, ""], line: ofPython, reach: ["sio", "flask"] },
};

test("what each program says reaches the clients of its servers and of all nodes as it is, once", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const start = (name) => startMember(redis.url, name, { JOIN: "python,flask,node,node-sharded" });
  const nodes = await Promise.all(["a", "b"].map(start));
  t.after(() => Promise.all(nodes.map(({ stop }) => stop())));
  const servers = await Promise.all([
    foreign(t, "python", "serve", redis.url),
    foreign(t, "python", "serve-flask", redis.url),
    foreign(t, "node", "serve", redis.url, "ioredis"),
    foreign(t, "node", "serve", redis.url, "redis", "dynamic-private"),
  ]);
  const sockets = await Promise.all([...nodes, ...servers].map(({ url }) => client(t, url)));
  const heard = sockets.map((socket) => inbox(socket, "said"));
  const ready = sockets.map((socket) => inbox(socket, "ready?"));
  await until(() => cast(sockets[0], "ready?", []), () => ready.every(({ length }) => length > 0), "all servers");
  // Everybody is in a room of all, put there by a node.
  for (const { id } of sockets.slice(1)) await ask(sockets[0], "join-other", id, "den");
  await ask(sockets[0], "join", "den");

  const programs = await Promise.all(Object.values(PROGRAMS).map(({ start }) => foreign(t, ...start(redis.url))));
  const kinds = Object.entries(PROGRAMS);
  for (const [index, [name, { line, reach }]] of kinds.entries()) {
    const within = SERVERS.map((kind) => reach.includes(kind));
    const indices = [...SERVERS.keys()].filter((server) => within[server]);
    const [first, last] = [indices[0], indices.at(-1)].map((server) => sockets[server].id);
    const said = [
      [[name, "to all", 1.5, null], {}, () => true],
      [[name, "to a room"], { to: ["den"] }, () => true],
      [[name, "to a socket of a node"], { to: [first] }, (id) => id === first],
      [[name, "to the last socket"], { to: [last] }, (id) => id === last],
      [[name, "to a room and somebody in it"], { to: ["den", last] }, () => true],
      [[name, "but for two"], { except: [first, last] }, (id) => ![first, last].includes(id)],
      ...exact(line, reach),
      [[name, "the end"], {}, () => true],
    ];
    const before = heard.map(({ length }) => length);
    for (const [args, to] of said) programs[index].tell(line("said", args, to));
    const expected = sockets.map(({ id }, server) =>
      said.filter(([, , isFor]) => within[server] && isFor(id)).map(([args, , , heard = args]) => heard),
    );
    const news = () => heard.map((all, server) => all.slice(before[server]));
    const have = async () => news().every((all, server) => all.length >= expected[server].length);
    await until(have, (all) => all, `what is said by ${name}`);
    assert.deepEqual(news(), expected, name);
  }
});
