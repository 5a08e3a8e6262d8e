// The official client with the official MessagePack parser, against a server with that parser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import parser from "socket.io-msgpack-parser";

import { EACH_MODE, also, answers, ask, connected, inbox, journal, key, open, opened, refused } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { next } from "../support/wait.js";

let acceptance;

before(async () => {
  acceptance = await startAcceptance({}, ["msgpack"]);
});

after(() => acceptance?.stop());

const bytes = (...values) => Buffer.from(values);
const url = (namespace = "") => acceptance.msgpack + namespace;
const enter = (t, mode, namespace, options) => opened(t, url(namespace), mode, { parser, ...options });

for (const mode of EACH_MODE) {
  describe(`msgpack: ${mode}`, () => {
    test("the server says that it speaks it", async (t) => {
      const socket = await enter(t, mode);
      assert.ok((await ask(socket, "caps")).includes("msgpack"));
    });

    test("auth comes in, and what is emitted during connect comes out", async (t) => {
      const auth = { token: "t", nested: [1, null, "ü"], key: bytes(1, 2) };
      const socket = open(t, url("/auth"), mode, { parser, auth });
      const welcomed = next(socket, "welcome");
      await connected(socket, mode);
      assert.deepEqual(await welcomed, [{ auth }]);
    });

    test("a refusal carries message and data", async (t) => {
      const error = await refused(open(t, url("/guard"), mode, { parser, auth: { token: "wrong" } }));
      assert.equal(error.message, "not authorized");
      assert.deepEqual(error.data, { code: 401, hint: "token" });
    });

    test("a namespace that there is not is refused, another one of the connection is not", async (t) => {
      const socket = await enter(t, mode);
      assert.equal((await refused(also(socket, "/nowhere"))).message, "Invalid namespace");
      const room = await connected(also(socket, "/room-7"), mode);
      assert.equal((await ask(room, "whoami")).nsp, "/room-7");
      room.disconnect();
      assert.equal(await ask(socket, "ask", "still here"), "still here");
    });

    test("events and acknowledgements go both ways, with bytes at any depth", async (t) => {
      const socket = await enter(t, mode);
      const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const sent = [1, "two", { three: [3, null, true, { er: all }] }, -4.5, "ünï ✓ 😀", [], bytes(), { _placeholder: false }];
      const echoed = next(socket, "echoed");
      assert.deepEqual(await answers(socket, "echo", ...sent), []);
      assert.deepEqual(await echoed, sent);
      assert.deepEqual(await answers(socket, "ask", ...sent), sent);
      socket.on("please", (a, b, answer) => answer(b, { a }, bytes(7)));
      assert.deepEqual(await ask(socket, "call", 5_000, "x", bytes(2)), { ok: [bytes(2), { a: "x" }, bytes(7)] });
    });

    test("an object that looks like a placeholder is data", async (t) => {
      const socket = await enter(t, mode);
      const look = { _placeholder: true, num: 0 };
      assert.deepEqual(await ask(socket, "ask", look), look);
    });

    test("numbers come back as they went", async (t) => {
      const socket = await enter(t, mode);
      // Whole numbers from 2^64 on are what this client's own encoder cannot write.
      const numbers = [0, 0.1, -1.5, 5e-324, Number.MAX_SAFE_INTEGER, 2 ** 60, -1, -129, 2 ** 32, -(2 ** 40)];
      assert.deepEqual(await ask(socket, "ask", numbers), numbers);
    });

    test("what JSON has not arrives as what comes closest", async (t) => {
      const socket = await enter(t, mode);
      const date = new Date("2020-01-02T03:04:05.006Z");
      const typed = new Uint8Array([1, 2]);
      assert.deepEqual(await answers(socket, "ask", date, undefined, { gone: undefined }, typed.buffer), [
        "2020-01-02T03:04:05.006Z",
        null,
        { gone: null },
        bytes(1, 2),
      ]);
      const described = await ask(socket, "describe", date, undefined, bytes(200, 100), { list: [bytes(1)] });
      assert.deepEqual(described, [
        { t: "str", n: 24 },
        { t: "null" },
        { t: "bin", n: 2, sum: 300 },
        { t: "map", v: { list: { t: "list", v: [{ t: "bin", n: 1, sum: 1 }] } } },
      ]);
    });

    test("payloads have types, and one that does not fit costs one answer", async (t) => {
      const socket = await enter(t, mode);
      assert.deepEqual(await ask(socket, "typed", { text: "x", count: 1 }), { ok: true, text: "x", count: 1 });
      for (const wrong of [[], [null], [{ text: "x", count: "1" }], [{ text: bytes(1), count: 1 }]]) {
        const error = await ask(socket, "typed", ...wrong);
        assert.deepEqual([error.status, error.code, error.index], ["error", "invalid_payload", 0]);
      }
      assert.equal((await ask(socket, "boom")).code, "internal");
      assert.equal((await ask(socket, "nobody listens to this")).code, "unknown_event");
    });

    test("a broadcast reaches the room and is in order", async (t) => {
      const [ada, bob] = [await enter(t, mode), await enter(t, mode)];
      const room = key();
      await ask(ada, "join", room);
      await ask(bob, "join", room);
      const heard = inbox(bob, "news");
      for (let number = 0; number < 20; number += 1) {
        const cast = { from: "socket", to: [room], event: "news", args: [number, bytes(number)] };
        assert.equal(await ask(ada, "cast", cast), true);
      }
      assert.equal(await ask(bob, "ask", "fence"), "fence");
      assert.deepEqual(heard, Array.from({ length: 20 }, (_, number) => [number, bytes(number)]));
    });

    test("the server disconnects, and knows why a client has gone", async (t) => {
      const name = key();
      const watcher = await enter(t, mode);
      const socket = await enter(t, mode, "", { auth: { key: name } });
      const gone = next(socket, "disconnect");
      socket.emit("bye", false);
      assert.equal((await gone)[0], "io server disconnect");
      const other = await enter(t, mode, "", { auth: { key: name } });
      other.disconnect();
      const entries = await journal(watcher, name, (list) => list.length === 4);
      const reasons = entries.flatMap(({ reason }) => reason ?? []);
      assert.deepEqual(reasons, ["server namespace disconnect", "client namespace disconnect"]);
    });
  });
}

test("a client that speaks JSON is disconnected", async (t) => {
  const socket = open(t, url(), "websocket");
  await next(socket.io, "close");
  assert.equal(socket.connected, false);
});
