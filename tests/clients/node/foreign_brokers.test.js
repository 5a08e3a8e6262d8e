// Two nodes of sio, two servers of Python and three of Node on one Redis, which stands still, is killed and comes back
// while all of them say numbers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ask } from "../support/client.js";
import { cast, client, foreign } from "../support/foreign.js";
import { startMember, startRedis } from "../support/servers.js";
import { until } from "../support/wait.js";

const EVERYBODY = ["sio", "sio", "python", "python", "node", "node", "sharded"];

/** Python's servers, Node's classic and Node's sharded ones do not hear each other; nodes hear all, and are heard by all. */
const areLinked = (one, other) => one === "sio" || other === "sio" || one === other;

/** Servers that say numbers, each its own: who has heard which of whom. */
class Numbers {
  #said;
  #heard;

  constructor(sockets) {
    this.sockets = sockets;
    this.next = 0;
    this.#said = EVERYBODY.map(() => []);
    this.#heard = EVERYBODY.map(() => EVERYBODY.map(() => []));
    sockets.forEach((socket, to) => socket.on("number", (from, number) => this.#heard[to][from].push(number)));
  }

  /** Lets them say that many numbers; nobody waits for a broker. */
  async say(count, who = EVERYBODY.keys()) {
    const senders = [...who];
    for (const end = this.next + count; this.next < end; this.next += 1) {
      for (const from of senders) {
        const [socket, args] = [this.sockets[from], [from, this.next]];
        this.#said[from].push(this.next);
        if (EVERYBODY[from] === "sio") await cast(socket, "number", args);
        else socket.emit("do", { op: "emit", event: "number", args }, () => {});
      }
    }
  }

  /** Pairs of those who hear each other, among these kinds. */
  links(kinds = EVERYBODY) {
    const indices = [...EVERYBODY.keys()].filter((index) => kinds.includes(EVERYBODY[index]));
    const pairs = indices.flatMap((from) => indices.map((to) => [from, to]));
    return pairs.filter(([from, to]) => areLinked(EVERYBODY[from], EVERYBODY[to]));
  }

  /** Waits until each hears each again. */
  async reach() {
    const begin = this.next;
    const isHeard = ([from, to]) => this.#heard[to][from].some((number) => number >= begin);
    await until(() => this.say(1), () => this.links().every(isHeard), "each to hear each", 30_000);
    // So that nothing is under way any more.
    await this.sayAndHear(1);
  }

  async sayAndHear(count) {
    const begin = this.next;
    await this.say(count);
    await this.arrive(begin);
  }

  /** Waits until the numbers from one on have come by all of these links, and checks that they came once. */
  async arrive(begin, links = this.links()) {
    const expected = ([from]) => this.#said[from].filter((number) => number >= begin);
    const heard = ([from, to]) => this.#heard[to][from].filter((number) => number >= begin);
    const missing = async () => links.filter((link) => heard(link).length < expected(link).length);
    await until(missing, (missing) => missing.length === 0, "all numbers");
    for (const link of links) {
      assert.deepEqual(heard(link).sort((a, b) => a - b), expected(link), `from ${link[0]} to ${link[1]}`);
    }
  }

  /** Checks that nothing has come twice anywhere, and nothing where it does not belong. */
  areOnce() {
    for (const [to, all] of this.#heard.entries()) {
      for (const [from, numbers] of all.entries()) {
        const link = `from ${from} to ${to}`;
        assert.equal(new Set(numbers).size, numbers.length, `twice ${link}: ${numbers}`);
        assert.ok(areLinked(EVERYBODY[from], EVERYBODY[to]) || numbers.length === 0, `passed on ${link}`);
        if (EVERYBODY[from] === "sio" && EVERYBODY[to] === "sio") {
          assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b), `in order ${link}`);
        }
      }
    }
  }
}

test("two servers of each kind on one Redis", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const start = (name) => startMember(redis.url, name, { JOIN: "python,node,node-sharded" });
  const nodes = await Promise.all(["a", "b"].map(start));
  t.after(() => Promise.all(nodes.map(({ stop }) => stop())));
  const servers = await Promise.all([
    foreign(t, "python", "serve", redis.url),
    foreign(t, "python", "serve", redis.url),
    foreign(t, "node", "serve", redis.url, "ioredis"),
    foreign(t, "node", "serve", redis.url, "redis"),
    foreign(t, "node", "serve", redis.url, "redis", "dynamic"),
  ]);
  const sockets = await Promise.all([...nodes, ...servers].map(({ url }) => client(t, url)));
  const numbers = new Numbers(sockets);
  const ours = sockets.slice(0, 2);
  const areUp = (isUp) => async () => {
    const states = await Promise.all(ours.map((socket) => ask(socket, "cluster")));
    return states.every(({ up }) => up === isUp);
  };
  const is = (isUp) => until(areUp(isUp), (are) => are, isUp ? "the broker" : "its absence to be noticed");
  await numbers.reach();

  await t.test("that stands still for a moment: nothing is lost and nothing comes twice", async () => {
    const begin = numbers.next;
    redis.signal("SIGSTOP");
    await numbers.say(20);
    redis.signal("SIGCONT");
    await numbers.arrive(begin);
    numbers.areOnce();
  });

  await t.test("that stands still for longer than nodes wait: numbers go on, and nodes miss none of their own", async () => {
    const begin = numbers.next;
    redis.signal("SIGSTOP");
    await numbers.say(10);
    await is(false);
    await numbers.say(10, [0, 1]);
    redis.signal("SIGCONT");
    await is(true);
    await numbers.reach();
    await numbers.arrive(begin, numbers.links(["sio"]));
    numbers.areOnce();
    await numbers.sayAndHear(20);
  });

  await t.test("that is killed and comes back: the same", async () => {
    const begin = numbers.next;
    // The other servers say again what they do not know to have arrived, so they are silent at this moment.
    await Promise.all([redis.kill(), numbers.say(10, [0, 1])]);
    await is(false);
    await numbers.say(10);
    await redis.run();
    await is(true);
    await numbers.reach();
    await numbers.arrive(begin, numbers.links(["sio"]));
    numbers.areOnce();
    await numbers.sayAndHear(20);
    const ids = sockets.map(({ id }) => id);
    const found = async () => (await ask(sockets[0], "fetch", {})).sockets.map(({ id }) => id);
    const known = ids.filter((_, index) => EVERYBODY[index] !== "python").sort();
    await until(found, (all) => `${all.sort()}` === `${known}`, "all sockets that can be asked for");
  });
  numbers.areOnce();
});
