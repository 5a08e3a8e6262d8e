// Programs that publish nonsense, and far too many questions, under the names at which a node hears other servers.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { createClient } from "redis";

import { ask, inbox } from "../support/client.js";
import { client } from "../support/foreign.js";
import { startMember, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

const [ROUNDS, TIMES] = [6, 150];

/** The node's memory may grow by this much under them. */
const BOUND = 16 << 20;

const id = () => randomBytes(8).toString("hex");

/** Messages that anybody may publish to servers of Python: from bytes to questions to clients that nobody answers. */
const toPython = (sid) => [
  () => randomBytes(200),
  () => `{"method":"emit","event":"e","data":${"[".repeat(5_000)}`,
  () => JSON.stringify({ method: id(), namespace: `/${id()}`, room: id(), host_id: id() }),
  () => JSON.stringify({ method: "emit", event: id(), data: "x".repeat(2_000), namespace: `/${id()}`, host_id: id() }),
  () => JSON.stringify({ method: "enter_room", sid: id(), room: id(), namespace: "/", host_id: id() }),
  () => JSON.stringify({ method: "callback", host_id: id(), sid: id(), namespace: "/", id: 1, args: [] }),
  () => JSON.stringify({ method: "emit", event: "mute", data: 1, room: sid, namespace: "/", host_id: id(), callback: [sid, "/", 1] }),
];

/** The same for Node's: some with words of the classic adapter, some with those of the sharded one. */
const toNode = (sid) => [
  () => randomBytes(200),
  () => JSON.stringify({ uid: id(), requestId: id(), type: 5, opts: { rooms: [id()], except: [id()] } }),
  () => JSON.stringify({ uid: id(), requestId: id(), type: 6, data: ["probe", "x".repeat(2_000)] }),
  () => JSON.stringify({ uid: id(), requestId: id(), type: 99, rooms: [id()] }),
  () => JSON.stringify({ uid: id(), requestId: id(), type: 7, packet: { type: 2, data: ["mute"], nsp: "/" }, opts: { rooms: [sid], flags: { timeout: 1e15 } } }),
  () => JSON.stringify({ uid: id(), nsp: "/", type: 7, data: { requestId: id(), opts: { rooms: [], except: [] } } }),
  () => JSON.stringify({ uid: id(), nsp: "/", type: 12, data: { requestId: id(), packet: id() } }),
  () => JSON.stringify({ uid: id(), nsp: "/", type: 3, data: { packet: { type: 2, data: ["mute"] }, requestId: id(), opts: { rooms: [sid], except: [], flags: { timeout: 1e15 } } } }),
];

test("a node beside programs that publish nonsense stays as small as it is, and hears what is sense", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const node = await startMember(redis.url, "a", { JOIN: "python,node,node-sharded" });
  t.after(() => node.stop());
  const one = await client(t, node.url);
  const said = inbox(one, "said");
  const asked = inbox(one, "mute");
  const connection = await createClient({ url: redis.url }).connect();
  connection.on("error", () => {});
  t.after(() => connection.destroy());
  const shards = () => connection.sendCommand(["PUBSUB", "SHARDCHANNELS"]);
  await until(shards, (names) => names.includes("socket.io#/#"), "the node");

  const ways = [
    ...toPython(one.id).map((make) => () => connection.publish("socketio", make())),
    ...toNode(one.id).flatMap((make) => [
      () => connection.publish("socket.io-request#/#", make()),
      () => connection.publish("socket.io-response#/#", make()),
      () => connection.sPublish("socket.io#/#", make()),
    ]),
  ];
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let time = 0; time < TIMES; time += 1) await Promise.all(ways.map((publish) => publish()));
    const sense = { method: "emit", event: "said", data: round, namespace: "/", host_id: "x" };
    await connection.publish("socketio", JSON.stringify(sense));
    // It comes after everything else has been taken.
    await until(async () => said.length, (count) => count > round, "sense among it");
    rounds.push(await node.memory());
  }
  assert.deepEqual(said.flat(), [...rounds.keys()]);
  const megabytes = rounds.map((bytes) => Math.round(bytes / (1 << 20)));
  t.diagnostic(`MiB after each ${TIMES * ways.length} messages: ${megabytes}`);
  assert.ok(rounds.at(-1) - rounds[0] < BOUND, `${megabytes} MiB`);
  assert.equal(asked.length, 3 * ROUNDS * TIMES, "the questions to the client have come");
  // It answers what can be answered.
  assert.deepEqual((await ask(one, "fetch", {})).sockets.map(({ id }) => id), [one.id]);
});
