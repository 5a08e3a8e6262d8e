import assert from "node:assert/strict";
import { test } from "node:test";

import { startBalancer } from "../support/balancer.js";
import { EACH_MODE, open } from "../support/client.js";
import { startNode, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

const NAMES = ["a", "b", "c"];
const EVERY_MS = 20;

/** Of each transport. */
const CLIENTS = 3;

/** A client that sends one number after the other to everybody, and keeps those that it gets. */
class Talker {
  sent = 0;
  ids = new Set();
  reasons = new Set();
  moves = 0;
  isRecovered = true;
  /** The numbers of each sender. */
  got = new Map();

  constructor(t, url, mode, nth) {
    this.name = `${mode} ${nth}`;
    this.socket = open(t, url, mode, {
      reconnection: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 20,
      randomizationFactor: 0,
    });
    this.socket.on("connect", () => {
      this.isRecovered &&= this.ids.size === 0 || this.socket.recovered;
      this.ids.add(this.socket.id);
    });
    this.socket.on("disconnect", (reason) => {
      this.moves += 1;
      this.reasons.add(reason);
      this.#sendAgain(this.socket.io.engine);
    });
    this.socket.on("number", (sender, number) => {
      const numbers = this.got.get(sender) ?? [];
      numbers.push(number);
      this.got.set(sender, numbers);
    });
  }

  say() {
    const { transport } = this.socket.io.engine;
    // A WebSocket that is closing drops what it is given.
    if (this.socket.connected && transport.ws !== undefined && transport.ws.readyState !== 1) {
      return;
    }
    this.#send(this.sent);
    this.sent += 1;
  }

  hasAllOf(sender) {
    return this.got.get(sender.name)?.length >= sender.sent;
  }

  #send(number) {
    this.socket.emit("cast", { from: "server", event: "number", args: [this.name, number] });
  }

  /** The client drops what it has not sent yet, since it waited behind a POST, when its transport ends. */
  #sendAgain(engine) {
    for (const { data } of engine.writeBuffer.slice(engine._prevBufferLen)) {
      const cast = /^2\["cast",.*"args":\[".*",(\d+)\]/.exec(data);
      if (cast !== null) {
        this.#send(Number(cast[1]));
      }
    }
  }
}

test("fault 10: three nodes restart one after the other, and nobody misses anything", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const nodes = await Promise.all(NAMES.map((name) => startNode(name, redis)));
  t.after(() => Promise.all(nodes.map((node) => node.stop())));
  const ports = nodes.map(({ port }) => port);
  const balancer = await startBalancer(ports);
  t.after(() => balancer.stop());
  const talkers = EACH_MODE.flatMap((mode) =>
    Array.from({ length: CLIENTS }, (_, nth) => new Talker(t, balancer.url, mode, nth)),
  );
  const each = (holds, what) => {
    const others = async () => talkers.filter((talker) => !holds(talker)).map(({ name }) => name);
    return until(others, ({ length }) => length === 0, what);
  };
  const isThere = ({ socket }) => socket.connected;
  await each(isThere, "all clients to be there");

  const talking = setInterval(() => talkers.forEach((talker) => talker.say()), EVERY_MS);
  t.after(() => clearInterval(talking));
  /** All clients are there, and hear of each other. */
  const settled = async () => {
    await each(isThere, "all clients to be there");
    const now = talkers.map(({ name, sent }) => ({ name, sent: sent + 1 }));
    await each((talker) => now.every((sender) => talker.hasAllOf(sender)), "all clients to hear of each other");
  };
  for (const [nth, name] of NAMES.entries()) {
    await settled();
    await nodes[nth].stop();
    nodes[nth] = await startNode(name, redis);
    ports[nth] = nodes[nth].port;
  }
  await settled();
  clearInterval(talking);
  await each((talker) => talkers.every((sender) => talker.hasAllOf(sender)), "all numbers");

  for (const talker of talkers) {
    for (const sender of talkers) {
      const all = Array.from({ length: sender.sent }, (_, number) => number);
      assert.deepEqual(talker.got.get(sender.name), all, `${sender.name} at ${talker.name}`);
    }
    assert.equal(talker.ids.size, 1, talker.name);
    assert.ok(talker.isRecovered, talker.name);
    assert.ok(talker.moves >= 1, talker.name);
    assert.deepEqual([...talker.reasons], ["transport close"], talker.name);
  }
});
