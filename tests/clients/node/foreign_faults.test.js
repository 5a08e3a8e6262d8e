// Servers of Node and of Python that are killed or stand still while nodes of sio wait for their answers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ask, inbox } from "../support/client.js";
import { cast, client, foreign } from "../support/foreign.js";
import { startForeign, startMember, startRedis } from "../support/servers.js";
import { next, until } from "../support/wait.js";

/** How long servers may take for an answer, and what a busy machine may add. */
const LIMIT_MS = 2_000;
const SLACK_MS = 6_000;

/** The kinds of servers, and what a node joins to be beside them. */
const KINDS = {
  "Node with the classic adapter": { join: "node", args: ["node", "serve", "ioredis"] },
  "Node with the sharded adapter": { join: "node-sharded", args: ["node", "serve", "redis", "dynamic"] },
};

let redis;

before(async () => {
  redis = await startRedis();
});

after(() => redis?.stop());

async function timed(promise) {
  const began = Date.now();
  const value = await promise;
  return [value, Date.now() - began];
}

/** Two nodes with a client each. */
async function members(t, join) {
  const name = `${join} ${Math.random()}`.replaceAll(/[^a-z0-9]/g, "-");
  const start = (node) => startMember(redis.url, node, { JOIN: join, CLUSTER_NAME: name });
  const nodes = await Promise.all(["a", "b"].map(start));
  t.after(() => Promise.all(nodes.map(({ stop }) => stop())));
  const [one, two] = await Promise.all(nodes.map(({ url }) => client(t, url)));
  await until(() => ask(one, "cluster"), ({ nodes }) => nodes.length === 2, "both nodes");
  return [one, two];
}

const fetched = async (socket) => {
  const { sockets, missing } = await ask(socket, "fetch", {});
  return { ids: sockets.map(({ id }) => id).sort(), missing };
};

for (const [kind, { join, args: [program, mode, ...rest] }] of Object.entries(KINDS)) {
  describe(`servers of ${kind}`, () => {
    test("one that stands still is named at the limit, and counts again when it goes on", async (t) => {
      const [one, two] = await members(t, join);
      const server = await foreign(t, program, mode, redis.url, ...rest);
      const theirs = await client(t, server.url);
      const all = [one.id, two.id, theirs.id].sort();
      await until(() => fetched(one), ({ ids }) => `${ids}` === `${all}`, "the server");
      await ask(one, "join-other", theirs.id, "jury");
      await until(() => ask(one, "members", "jury"), (members) => members.length === 1, "its client in the room");
      server.signal("SIGSTOP");
      const waits = [
        [ask(one, "fetch", {}), ({ missing }) => assert.deepEqual(missing, ["node"]), LIMIT_MS],
        [ask(two, "server-call", 1_000, "x"), ({ missing }) => assert.deepEqual(missing, ["node"]), 1_000],
        [ask(one, "call-other", theirs.id, 1_000, "q"), (answer) => assert.deepEqual(answer, { timeout: true }), 1_000],
        [ask(two, "call-room", "jury", 1_000, "q"), ({ ok }) => assert.deepEqual(ok, []), 1_000],
      ];
      for (const [answer, isRight, limit] of waits.map(([promise, ...more]) => [timed(promise), ...more])) {
        const [value, took] = await answer;
        isRight(value);
        assert.ok(took < limit + SLACK_MS, `${took} ms`);
      }
      // Nobody else waits for it.
      const heard = next(two, "said");
      await cast(one, "said", [1]);
      assert.deepEqual(await heard, [1]);
      server.signal("SIGCONT");
      await until(() => fetched(one), ({ ids, missing }) => `${ids}` === `${all}` && missing.length === 0, "all again");
    });

    test("one that is killed is soon not asked any more", async (t) => {
      const [one, two] = await members(t, join);
      const server = await startForeign(program, mode, redis.url, ...rest);
      t.after(() => server.end());
      const theirs = await client(t, server.url);
      await until(() => fetched(one), ({ ids }) => ids.length === 3, "the server");
      const open = ["fetch", "fetch", "fetch"].map((event) => timed(ask(one, event, {})));
      open.push(timed(ask(two, "call-other", theirs.id, 1_000, "q")));
      await server.kill();
      for (const answer of open) {
        const [, took] = await answer;
        assert.ok(took < LIMIT_MS + SLACK_MS, `${took} ms`);
      }
      const ours = [one.id, two.id].sort();
      await until(() => fetched(two), ({ ids, missing }) => `${ids}` === `${ours}` && missing.length === 0, "the nodes only");
      const [, took] = await timed(ask(one, "fetch", {}));
      assert.ok(took < LIMIT_MS, `nobody waits for the dead: ${took} ms`);
    });
  });
}

test("servers of Python that stand still or are killed keep nobody waiting", async (t) => {
  const [one, two] = await members(t, "python");
  const server = await startForeign("python", "serve", redis.url);
  t.after(() => server.end());
  const theirs = await client(t, server.url);
  const ready = inbox(theirs, "ready?");
  await until(() => cast(one, "ready?", []), () => ready.length > 0, "the server");
  assert.deepEqual(await ask(one, "call-other", theirs.id, 5_000, "q"), { ok: ["answer", "q"] });
  for (const signal of ["SIGSTOP", "SIGKILL"]) {
    server.signal(signal);
    const [answer, took] = await timed(ask(one, "call-other", theirs.id, 1_000, "q"));
    assert.deepEqual(answer, { timeout: true });
    assert.ok(took < 1_000 + SLACK_MS, `${took} ms`);
    const { missing } = await ask(two, "fetch", {});
    assert.deepEqual(missing, [], "they are not asked for sockets");
  }
  const heard = next(two, "said");
  await cast(one, "said", [1]);
  assert.deepEqual(await heard, [1]);
});
