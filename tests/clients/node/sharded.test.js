// Servers of Node with the sharded Redis adapter beside nodes of sio on one Redis, with real clients on all sides.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ask, inbox } from "../support/client.js";
import { cast, client, EXACT, flushed, foreign, wrapped } from "../support/foreign.js";
import { startMember, startRedis } from "../support/servers.js";
import { next, until } from "../support/wait.js";

let redis;
let nodes;

before(async () => {
  redis = await startRedis();
});

after(() => redis?.stop());

/** Nodes for the tests of a suite, which subscribe in a mode. */
function among(mode) {
  before(async () => {
    nodes = await Promise.all(["a", "b"].map((name) => startMember(redis.url, name, { JOIN: `node-sharded:${mode}` })));
  });
  after(() => Promise.all(nodes?.map(({ stop }) => stop()) ?? []));
}

/** Clients of both nodes, and of two servers of Node that know them. */
async function sides(t, mode) {
  const [one, two] = await Promise.all(nodes.map(({ url }) => client(t, url)));
  await until(() => ask(one, "cluster"), ({ nodes }) => nodes.length === 2, "both nodes");
  const servers = [];
  for (const redisClient of ["ioredis", "redis"]) {
    servers.push(await foreign(t, "node", "serve", redis.url, redisClient, mode));
  }
  const [theirs, more] = await Promise.all(servers.map(({ url }) => client(t, url)));
  const all = [one, two, theirs, more];
  // All of them have subscribed when each finds everybody.
  const ids = all.map(({ id }) => id).sort();
  for (const socket of all) {
    const find = async () => {
      const isOurs = socket === one || socket === two;
      const found = isOurs ? (await ask(socket, "fetch", {})).sockets : await ask(socket, "do", { op: "fetch" });
      return Array.isArray(found) ? found.map(({ id }) => id).sort() : found;
    };
    await until(find, (found) => `${found}` === `${ids}`, "all of them");
  }
  const say = all.map((socket, index) =>
    index < 2
      ? (event, args = [], more = {}) => cast(socket, event, args, more)
      : (event, args = [], more = {}) => ask(socket, "do", { op: "emit", event, args: wrapped(args), ...more }),
  );
  return { one, two, theirs, more, all, say, servers };
}

/** The shards to which anybody has subscribed. */
async function shards(t) {
  const { createClient } = await import("redis");
  const connection = await createClient({ url: redis.url }).connect();
  t.after(() => connection.destroy());
  return async () => connection.sendCommand(["PUBSUB", "SHARDCHANNELS"]);
}

for (const mode of ["static", "dynamic", "dynamic-private"]) {
  describe(`servers and nodes that subscribe in the mode ${mode}`, () => {
    among(mode);

    test("rooms, sockets and those left out are the same on all sides", async (t) => {
      const { one, two, theirs, more, all, say } = await sides(t, mode);
      const known = await shards(t);
      await ask(one, "join", "den");
      await ask(theirs, "do", { op: "join", to: [theirs.id], rooms: ["den"] });
      await ask(one, "join-other", more.id, "loft");
      await ask(more, "do", { op: "join", to: [two.id], rooms: ["loft"] });
      await flushed(say, all);
      const rooms = mode === "static" ? [] : ["den", "loft", ...(mode === "dynamic" ? [] : all.map(({ id }) => id))];
      const names = rooms.map((room) => `socket.io#/#${room}#`);
      await until(known, (shards) => names.every((name) => shards.includes(name)), "the shards of rooms");
      const boxes = all.map((socket) => inbox(socket, "said"));
      const expected = all.map(() => []);
      const cases = [
        [{ to: ["den"] }, [0, 2]],
        [{ to: ["loft"] }, [1, 3]],
        [{ to: ["den", "loft"] }, [0, 1, 2, 3]],
        [{ to: [theirs.id, one.id] }, [0, 2]],
        [{ to: [two.id] }, [1]],
        [{ to: [more.id] }, [3]],
        [{ except: [theirs.id] }, [0, 1, 3]],
        [{ to: ["den"], except: ["loft"] }, [0, 2]],
        [{ to: ["nowhere"] }, []],
      ];
      for (const [number, [to, who]] of cases.entries()) {
        for (const speaker of [0, 1, 2, 3]) {
          await say[speaker]("said", [speaker, number], to);
          who.forEach((index) => expected[index].push([speaker, number]));
        }
      }
      await flushed(say, all);
      const sorted = (list) => list.map((item) => JSON.stringify(item)).sort();
      const have = async () => boxes.map(({ length }) => length);
      await until(have, (counts) => counts.every((count, index) => count >= expected[index].length), "all of it");
      boxes.forEach((box, index) => assert.deepEqual(sorted(box), sorted(expected[index])));
      await ask(theirs, "do", { op: "leave", to: ["loft"], rooms: ["loft"] });
      await ask(one, "leave-other", theirs.id, "den");
      await flushed(say, all);
      assert.deepEqual(await ask(one, "members", "loft"), []);
      assert.deepEqual(await ask(one, "members", "den"), [one.id]);
    });
  });
}

describe("nodes that hear servers of every mode", () => {
  among("dynamic-private");

  test("arguments reach clients of all servers once and as they are", async (t) => {
    const { all, say } = await sides(t, "static");
    const boxes = all.map((socket) => inbox(socket, "said"));
    const expected = [];
    for (const args of Object.values(EXACT)) {
      for (const index of [0, 2, 3]) {
        await say[index]("said", args);
        expected.push(args);
        const have = async () => boxes.map(({ length }) => length);
        await until(have, (counts) => counts.every((count) => count >= expected.length), "it");
      }
    }
    await flushed(say, all);
    boxes.forEach((box) => assert.deepEqual(box, expected));
  });

  test("sockets and programs of the other side are found and asked, by the names of their servers", async (t) => {
    const { one, two, theirs, more } = await sides(t, "dynamic");
    const [uid, other] = await Promise.all([theirs, more].map((socket) => ask(socket, "do", { op: "uid" })));
    await ask(two, "join", "here");
    await ask(theirs, "do", { op: "join", to: [theirs.id], rooms: ["there"] });
    // Theirs asks: every node answers, in time.
    const found = await ask(theirs, "do", { op: "fetch" });
    const described = found.find(({ id }) => id === two.id);
    assert.deepEqual(described.rooms, [two.id, "here"].sort());
    assert.match(described.url, /EIO=4/);
    const probed = await ask(theirs, "do", { op: "serverAsk", args: ["x"] });
    assert.deepEqual(probed.map(([name, x]) => [name, x]).sort(), [["a", "x"], ["b", "x"], ["node", "x"]]);
    const answers = await ask(theirs, "do", { op: "ask", event: "please", args: [1], to: ["here", "there"] });
    assert.deepEqual(answers, ["answer", "answer"]);

    // Ours asks.
    const fetched = await ask(one, "fetch", {});
    assert.deepEqual(fetched.missing, []);
    const node = (id) => fetched.sockets.find((socket) => socket.id === id).node;
    assert.deepEqual([node(two.id), node(theirs.id), node(more.id)], ["b", uid, other]);
    assert.deepEqual(await ask(one, "members", "there"), [theirs.id]);
    assert.deepEqual(await ask(one, "call-other", theirs.id, 5_000, "q"), { ok: ["answer"] });
    assert.deepEqual(await ask(one, "call-room", "there", 5_000, "q"), { ok: ["answer"], missing: 0 });
    const called = await ask(one, "server-call", 2_000, "y");
    const named = [["b", "y"], ["node", "y"], ["node", "y"]];
    assert.deepEqual([called.answers, called.missing], [named, []]);
    await ask(one, "server-cast", "z");
    await until(() => ask(theirs, "do", { op: "heard" }), (heard) => heard.length > 0, "the event");

    // And disconnects.
    const gone = next(two, "disconnect");
    await ask(theirs, "do", { op: "disconnect", to: [two.id] });
    await gone;
    const end = next(more, "disconnect");
    await ask(one, "kick", more.id, false);
    await end;
  });

  test("garbage at the shards harms no node", async (t) => {
    const [one, two] = await Promise.all(nodes.map(({ url }) => client(t, url)));
    await client(t, nodes[0].url, "/a");
    const { createClient } = await import("redis");
    const connection = await createClient({ url: redis.url }).connect();
    t.after(() => connection.destroy());
    const known = async () => connection.sendCommand(["PUBSUB", "SHARDCHANNELS"]);
    await until(known, (shards) => shards.some((name) => name.startsWith("socket.io#/a#sio.")), "the namespace");
    // Only names that no server of Node hears: these would end by it.
    for (const name of (await known()).filter((name) => name.startsWith("socket.io#/a#"))) {
      for (const garbage of ["", "{", "[1]", "{}", '{"type":3,"uid":"x"}', '{"type":8,"uid":"x","data":{}}', "\u0093\u00c1"]) {
        await connection.sPublish(name, garbage);
      }
    }
    const heard = next(two, "said");
    await cast(one, "said", [1]);
    assert.deepEqual(await heard, [1]);
    assert.deepEqual((await ask(two, "cluster")).nodes, ["a", "b"]);
  });

  test("an emitter of sio reaches clients of Node's servers and of nodes", async (t) => {
    const { one, two, theirs, more, all } = await sides(t, "dynamic");
    const boxes = all.map((socket) => inbox(socket, "said"));
    const ours = await foreign(t, "emitter", redis.url, "node-sharded");
    ours.tell({ cast: { event: "said", args: ["é", [1], { x: null }] } });
    ours.tell({ bulk: { op: "join", to: [one.id, theirs.id], rooms: ["den"] } });
    ours.tell({ cast: { event: "said", args: [2], to: ["den"] } });
    ours.tell({ cast: { event: "said", args: [3], except: ["den"] } });
    ours.tell({ server: ["z"] });
    await until(async () => boxes, (all) => all.every(({ length }) => length >= 2), "both");
    await until(() => ask(theirs, "do", { op: "heard" }), (heard) => heard.some(([arg]) => arg === "z"), "the event");
    const first = ["é", [1], { x: null }];
    const last = (socket) => (socket === two || socket === more ? [3] : [2]);
    assert.deepEqual(boxes, all.map((socket) => [first, last(socket)]));
  });
});
