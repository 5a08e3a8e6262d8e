// Servers of Node, and of Python, beside nodes of sio on one Redis, with real clients on all sides.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ask, inbox } from "../support/client.js";
import { cast, client, EXACT, flushed, foreign, wrapped } from "../support/foreign.js";
import { runService, startExample, startMember, startRedis } from "../support/servers.js";
import { next, until } from "../support/wait.js";

let redis;
let nodes;

before(async () => {
  redis = await startRedis();
  nodes = await Promise.all(["a", "b"].map((name) => startMember(redis.url, name, { JOIN: "node,python" })));
});

after(async () => {
  await Promise.all(nodes?.map(({ stop }) => stop()) ?? []);
  await redis?.stop();
});

/** Clients of both nodes, and of a server of Node that knows them. */
async function sides(t, redisClient = "ioredis") {
  const [one, two] = await Promise.all(nodes.map(({ url }) => client(t, url)));
  await until(() => ask(one, "cluster"), ({ nodes }) => nodes.length === 2, "both nodes");
  const server = await foreign(t, "node", "serve", redis.url, redisClient);
  const theirs = await client(t, server.url);
  // The node finds it once it has subscribed.
  await until(
    async () => (await ask(one, "fetch", { to: [theirs.id] })).sockets.length,
    (count) => count === 1,
    "the server of Node",
  );
  return { one, two, theirs, server };
}

for (const redisClient of ["ioredis", "redis"]) {
  describe(`servers of Node, by ${redisClient}`, () => {
    test("arguments reach clients of all servers as they are", async (t) => {
      const { one, two, theirs } = await sides(t, redisClient);
      const boxes = [one, two, theirs].map((socket) => inbox(socket, "said"));
      const expected = [];
      for (const args of Object.values(EXACT)) {
        await cast(one, "said", args);
        await until(async () => boxes.map(({ length }) => length), (all) => all.every((n) => n > expected.length), "it");
        expected.push(args);
        await ask(theirs, "do", { op: "emit", event: "said", args: wrapped(args) });
        await until(async () => boxes.map(({ length }) => length), (all) => all.every((n) => n > expected.length), "it");
        expected.push(args);
      }
      for (const box of boxes) {
        assert.deepEqual(box, expected);
      }
    });

    test("rooms, sockets and those left out are the same on all sides", async (t) => {
      const { one, two, theirs } = await sides(t, redisClient);
      await ask(one, "join", "den");
      await ask(theirs, "do", { op: "join", to: [theirs.id], rooms: ["den"] });
      await ask(one, "join-other", theirs.id, "loft");
      await ask(theirs, "do", { op: "join", to: [two.id], rooms: ["loft"] });
      const all = [one, two, theirs];
      const say = [(event) => cast(two, event, []), (event) => ask(theirs, "do", { op: "emit", event })];
      await flushed(say, all);
      const boxes = all.map((socket) => inbox(socket, "said"));
      const expected = [[], [], []];
      const cases = [
        [{ to: ["den"] }, [0, 2]],
        [{ to: ["loft"] }, [1, 2]],
        [{ to: ["den", "loft"] }, [0, 1, 2]],
        [{ to: [theirs.id, one.id] }, [0, 2]],
        [{ except: [theirs.id] }, [0, 1]],
        [{ to: ["den"], except: ["loft"] }, [0]],
      ];
      for (const [number, [to, who]] of cases.entries()) {
        // Python has no word for a room that is left out, and these nodes are members of its clusters too.
        const isOnlyNode = to.except?.includes("loft");
        if (!isOnlyNode) await cast(two, "said", ["sio", number], to);
        await ask(theirs, "do", { op: "emit", event: "said", args: ["node", number], ...to });
        for (const index of who) {
          expected[index].push(...(isOnlyNode ? [["node", number]] : [["sio", number], ["node", number]]));
        }
      }
      await flushed(say, all);
      const sorted = (list) => list.map((item) => JSON.stringify(item)).sort();
      boxes.forEach((box, index) => assert.deepEqual(sorted(box), sorted(expected[index])));
      await ask(theirs, "do", { op: "leave", to: ["loft"], rooms: ["loft"] });
      await ask(one, "leave-other", theirs.id, "den");
      await flushed(say, all);
      assert.deepEqual(await ask(one, "members", "loft"), []);
      assert.deepEqual(await ask(one, "members", "den"), [one.id]);
    });

    test("sockets, rooms and programs of the other side are found and asked", async (t) => {
      const { one, two, theirs } = await sides(t, redisClient);
      await ask(two, "join", "here");
      await ask(theirs, "do", { op: "join", to: [theirs.id], rooms: ["there"] });
      // Theirs asks: every node answers, in time.
      const found = await ask(theirs, "do", { op: "fetch" });
      assert.ok(!found.error, found.error);
      const ids = found.map(({ id }) => id);
      assert.ok([one.id, two.id, theirs.id].every((id) => ids.includes(id)), `${ids}`);
      const described = found.find(({ id }) => id === two.id);
      assert.deepEqual(described.rooms, [two.id, "here"].sort());
      assert.match(described.url, /EIO=4/);
      const rooms = await ask(theirs, "do", { op: "rooms" });
      assert.ok(rooms.includes("here") && rooms.includes("there"), `${rooms}`);
      const probed = await ask(theirs, "do", { op: "serverAsk", args: ["x"] });
      assert.deepEqual(probed.map(([name, x]) => [name, x]).sort(), [["a", "x"], ["b", "x"]]);
      const answers = await ask(theirs, "do", { op: "ask", event: "please", args: [1], to: ["here", "there"] });
      assert.deepEqual(answers, ["answer", "answer"]);

      // Ours asks.
      const fetched = await ask(one, "fetch", {});
      assert.deepEqual(fetched.missing, []);
      const their = fetched.sockets.find(({ id }) => id === theirs.id);
      assert.deepEqual([their.node, their.rooms], ["node", [theirs.id, "there"].sort()]);
      assert.deepEqual((await ask(one, "rooms-all")).rooms.filter((room) => room.endsWith("here")), ["here", "there"]);
      assert.deepEqual(await ask(one, "members", "there"), [theirs.id]);
      assert.deepEqual(await ask(one, "call-other", theirs.id, 5_000, "q"), { ok: ["answer"] });
      assert.deepEqual(await ask(one, "call-room", "there", 5_000, "q"), { ok: ["answer"], missing: 0 });
      const called = await ask(one, "server-call", 2_000, "y");
      assert.deepEqual(called, { answers: [["b", "y"], ["node", "y"]], missing: [] });
      await ask(one, "server-cast", "z");
      await until(() => ask(theirs, "do", { op: "heard" }), (heard) => heard.length > 0, "the event");
    });

    test("sockets of the other side are disconnected", async (t) => {
      const { one, two, theirs, server } = await sides(t, redisClient);
      const gone = next(two, "disconnect");
      await ask(theirs, "do", { op: "disconnect", to: [two.id] });
      await gone;
      const other = await client(t, server.url);
      const end = next(other, "disconnect");
      await ask(one, "kick", other.id, false);
      await end;
    });
  });
}

test("events and questions are about their namespace, also about one that has just come into being", async (t) => {
  const { one, theirs, server } = await sides(t);
  // Node's server has `/` and `/a`; its emitter speaks of any.
  const [ours, other] = await Promise.all([nodes[1].url, server.url].map((url) => client(t, url, "/a")));
  const everybody = [ours.id, other.id].sort();
  const found = async (socket) => {
    const found = socket === ours ? (await ask(socket, "fetch", {})).sockets : await ask(socket, "do", { op: "fetch" });
    return Array.isArray(found) ? found.map(({ id }) => id).sort() : found;
  };
  for (const socket of [ours, other]) await until(() => found(socket), (ids) => `${ids}` === `${everybody}`, "both of /a");
  assert.deepEqual(await ask(other, "do", { op: "ask", event: "please", args: [1] }), ["answer", "answer"]);
  const room = `/room-${Math.floor(Math.random() * 1e9)}`;
  const [inside, again] = await Promise.all(nodes.map(({ url }) => client(t, url, room)));
  const boxes = [one, theirs, ours, other, inside, again].map((socket) => inbox(socket, "said"));
  const emitter = await foreign(t, "node", "emit", redis.url);
  emitter.tell({ op: "emit", nsp: room, event: "said", args: [room] });
  await ask(other, "do", { op: "emit", event: "said", args: ["a"] });
  await cast(ours, "said", ["b"]);
  emitter.tell({ op: "disconnect", nsp: room, to: [inside.id] });
  await next(inside, "disconnect");
  await until(async () => boxes.map(({ length }) => length), (all) => `${all}` === "0,0,2,2,1,1", "all of it");
  assert.deepEqual(boxes.map((box) => box.flat().sort()), [[], [], ["a", "b"], ["a", "b"], [room], [room]]);
});

test("an emitter of Node reaches clients of all nodes, and ours those of Node", async (t) => {
  const { one, two, theirs } = await sides(t);
  const emitter = await foreign(t, "node", "emit", redis.url);
  const boxes = [one, two, theirs].map((socket) => inbox(socket, "said"));
  await ask(two, "join", "observers");
  const observed = next(two, "server-cast");
  emitter.tell({ op: "emit", event: "said", args: wrapped(EXACT["nested bytes"]) });
  emitter.tell({ op: "join", to: [one.id, theirs.id], rooms: ["den"] });
  emitter.tell({ op: "emit", event: "said", args: [2], to: ["den"], except: [theirs.id] });
  emitter.tell({ op: "serverEmit", event: "server-cast", args: [1, "two"] });
  assert.deepEqual(await observed, ["emitter", 1, "two"]);
  await until(async () => boxes.map(({ length }) => length), (all) => `${all}` === "2,1,1", "both");
  assert.deepEqual(boxes, [[EXACT["nested bytes"], [2]], [EXACT["nested bytes"]], [EXACT["nested bytes"]]]);

  const ours = await foreign(t, "emitter", redis.url, "node");
  ours.tell({ cast: { event: "said", args: ["é", [1], { x: null }] } });
  ours.tell({ bulk: { op: "leave", to: ["den"], rooms: ["den"] } });
  ours.tell({ cast: { event: "said", args: [3], except: ["den"] } });
  await until(async () => boxes.map(({ length }) => length), (all) => `${all}` === "4,3,3", "both");
  boxes.forEach((box) => assert.deepEqual(box.slice(-2), [["é", [1], { x: null }], [3]]));
});

test("the service of the example reaches those who watch the order", async (t) => {
  const example = await startExample("workers", { REDIS: redis.url });
  t.after(() => example.stop());
  const [watching, other] = await Promise.all([1, 2].map(() => client(t, example.url, "/orders")));
  const boxes = [watching, other].map((socket) => inbox(socket, "shipped"));
  assert.ok((await ask(watching, "watch", 7)) && (await ask(other, "watch", 8)));
  for (const order of ["7", "8"]) await runService(redis.url, order);
  await until(async () => boxes.map(({ length }) => length), (all) => all.every((count) => count > 0), "both orders");
  assert.deepEqual(boxes, [[[7, Buffer.from("a label")]], [[8, Buffer.from("a label")]]]);
});

test("two of each kind on one Redis: nothing comes twice or in a loop", async (t) => {
  const { one, two, theirs } = await sides(t, "ioredis");
  const { theirs: more } = await sides(t, "redis");
  const python = await Promise.all([1, 2].map(() => foreign(t, "python", "serve", redis.url)));
  const snakes = await Promise.all(python.map(({ url }) => client(t, url)));
  const all = [one, two, theirs, more, ...snakes];
  const sioSays = [0, 1].map((index) => (event, ...args) => cast(all[index], event, args));
  const othersSay = all.slice(2).map((socket) => (event, ...args) => ask(socket, "do", { op: "emit", event, args }));
  // Each server of Python hears the nodes once it has subscribed.
  for (const snake of snakes) {
    const heard = inbox(snake, "ready?");
    await until(() => sioSays[0]("ready?"), () => heard.length > 0, "the server of Python");
  }
  const boxes = all.map((socket) => inbox(socket, "said"));
  for (let round = 0; round < 20; round += 1) {
    for (const [sender, say] of [...sioSays, ...othersSay].entries()) {
      await say("said", sender, round);
    }
  }
  await flushed(sioSays, all);
  // Node and Python do not hear each other, but nodes hear both.
  const heardBy = (index) => [0, 1, ...(index < 2 ? [2, 3, 4, 5] : index < 4 ? [2, 3] : [4, 5])];
  for (const [index, box] of boxes.entries()) {
    const senders = heardBy(index);
    await until(async () => box.length, (count) => count >= senders.length * 20, "all of it");
  }
  await flushed(sioSays, all);
  for (const [index, box] of boxes.entries()) {
    for (const sender of [0, 1, 2, 3, 4, 5]) {
      const rounds = box.filter(([from]) => from === sender).map(([, round]) => round);
      const expected = heardBy(index).includes(sender) ? Array.from({ length: 20 }, (_, round) => round) : [];
      assert.deepEqual(rounds, expected, `of ${sender} at ${index}`);
    }
  }
});

test("garbage under the names of Node harms no node", async (t) => {
  const { one, two } = await sides(t);
  const { createClient } = await import("redis");
  const connection = await createClient({ url: redis.url, socket: { reconnectStrategy: false } }).connect();
  t.after(() => connection.destroy());
  // Only names that Node's own servers do not hear: these would end by it.
  for (const name of ["socket.io-request#/auth#", "socket.io-response#/auth#", "socket.io#"]) {
    for (const garbage of ["", "{", "[1]", "{}", '{"type":5}', '{"type":7,"uid":"x","requestId":"y"}', "\u0093\u00c1"]) {
      await connection.publish(name, garbage);
    }
  }
  const heard = next(two, "said");
  await cast(one, "said", [1]);
  assert.deepEqual(await heard, [1]);
  assert.deepEqual((await ask(two, "cluster")).nodes, ["a", "b"]);
});
