import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { startBalancer } from "../support/balancer.js";
import { EACH_MODE, ask, connected, inbox, open, opened } from "../support/client.js";
import { startE2e, startNginx, startNode, startRedis } from "../support/servers.js";
import { next, until } from "../support/wait.js";

const CLIENTS = 20;

let redis;
let nodes;
let balancer;
let nginx;

before(async () => {
  redis = await startRedis();
  nodes = await Promise.all([1, 2, 3].map(() => startE2e(0, { CLUSTER: redis.url })));
  const ports = nodes.map(({ port }) => port);
  balancer = await startBalancer(ports);
  nginx = await startNginx(ports);
});

after(async () => {
  await balancer?.stop();
  await nginx?.stop();
  await Promise.all(nodes?.map(({ stop }) => stop()) ?? []);
  await redis?.stop();
});

const FRONTS = { "each request to the next": () => balancer, "behind the book's nginx": () => nginx };

for (const [name, front, mode] of Object.entries(FRONTS).flatMap((one) => EACH_MODE.map((mode) => [...one, mode]))) {
  describe(`three nodes, ${name}: ${mode}`, () => {
    test("every client connects, asks, hears of all and has no error", async (t) => {
      const sockets = Array.from({ length: CLIENTS }, () => open(t, front().url, mode));
      const errors = [];
      for (const socket of sockets) {
        socket.on("connect_error", (error) => errors.push(error));
        socket.on("disconnect", (reason) => errors.push(reason));
        socket.io.engine?.on("upgradeError", (error) => errors.push(error));
      }
      await Promise.all(sockets.map((socket) => connected(socket, mode)));
      const wanted = mode === "polling" ? "polling" : "websocket";
      assert.deepEqual(
        sockets.map((socket) => socket.io.engine.transport.name),
        sockets.map(() => wanted),
      );

      const casts = sockets.map((socket) => inbox(socket, "cast"));
      for (let round = 0; round < 10; round += 1) {
        const answers = sockets.map((socket, nth) => ask(socket, "echo", { nth, round }));
        assert.deepEqual(await Promise.all(answers), sockets.map((_, nth) => ({ nth, round })));
      }
      sockets.forEach((socket, nth) => socket.emit("cast", nth));
      for (const received of casts) {
        await until(async () => received.length, (count) => count >= CLIENTS, "the events of all clients");
        const numbers = received.map(([nth]) => nth).sort((one, other) => one - other);
        assert.deepEqual(numbers, sockets.map((_, nth) => nth));
      }
      const text = "x".repeat(100_000);
      assert.deepEqual(await Promise.all(sockets.map((socket) => ask(socket, "echo", text))), sockets.map(() => text));
      // Several heartbeats long.
      await ask(sockets[0], "sleep", 1_500);
      assert.deepEqual(errors, []);
    });
  });
}

describe("a node that dies", () => {
  test("its clients learn of it at once, and come back to the others", async (t) => {
    const own = await Promise.all([1, 2].map(() => startE2e(0, { CLUSTER: redis.url })));
    const [dying, other] = own;
    t.after(() => other.stop());
    // Opened at one node; from then on every request goes to the other.
    const ports = [dying.port];
    const moving = await startBalancer(ports);
    t.after(() => moving.stop());
    const socket = await opened(t, moving.url, "polling");
    ports[0] = other.port;
    assert.equal(await ask(socket, "echo", 1), 1);

    const left = next(socket, "disconnect");
    const began = Date.now();
    await dying.kill();
    const [reason] = await left;
    assert.match(reason, /^transport (close|error)$/);
    assert.ok(Date.now() - began < 5_000, "the poll that was passed on was answered");
    socket.connect();
    await connected(socket, "polling");
    assert.equal(await ask(socket, "echo", 2), 2);
  });
});

for (const mode of EACH_MODE) {
  describe(`questions to clients of other nodes: ${mode}`, () => {
    test("each answers for itself, and one that is asked alone with all that it has to say", async (t) => {
      const asked = await Promise.all(["a", "b", "c"].map((name) => startNode(name, redis)));
      t.after(() => Promise.all(asked.map(({ stop }) => stop())));
      const sockets = await Promise.all(asked.map(({ url }) => opened(t, url, mode)));
      const known = async () => {
        const told = await Promise.all(sockets.map((socket) => ask(socket, "cluster")));
        return told.map(({ nodes }) => nodes.length);
      };
      await until(known, (counts) => counts.every((count) => count === 3), "all nodes to know each other");
      for (const [nth, socket] of sockets.entries()) {
        await ask(socket, "join", "den");
        socket.on("please", (question, picture, answer) => answer({ nth, question }, picture));
      }
      const picture = Buffer.from([0, 1, 255]);
      const called = await ask(sockets[0], "call-room", "den", 5_000, "who?", picture);
      called.ok.sort((one, other) => one.nth - other.nth);
      assert.deepEqual(called, { ok: [0, 1, 2].map((nth) => ({ nth, question: "who?" })), missing: 0 });
      const one = await ask(sockets[0], "call-other", sockets[2].id, 5_000, "you?", picture);
      assert.deepEqual(one, { ok: [{ nth: 2, question: "you?" }, picture] });

      // Long before the limit: it is known that one of them cannot answer any more.
      sockets[1].off("please");
      sockets[1].on("please", () => sockets[1].disconnect());
      const { ok, missing } = await ask(sockets[0], "call-room", "den", 60_000, "still?", picture);
      assert.deepEqual([ok.length, missing], [2, 1]);
    });
  });
}
