// Clients of Socket.IO 2 at a server that lets them in.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, also, answers, ask, connected, inbox, journal, key, opened } from "../support/client.js";
import { holdUpgrades, openOld, openedOld, refusedOld } from "../support/old_client.js";
import { startAcceptance } from "../support/servers.js";
import { next, until, within } from "../support/wait.js";

const EVENTS = 1_000;
/** How many echoes the client has at most still to come. */
const IN_FLIGHT = 100;

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

let acceptance;

before(async () => {
  acceptance = await startAcceptance({}, ["main", "eio3"]);
});

after(() => acceptance?.stop());

/** Lets the client send no more pings, and not mind that no answers come. */
function silence(socket) {
  const { engine } = socket.io;
  engine.ping = () => {};
  engine.onHeartbeat = () => {};
  engine.off("heartbeat");
  clearTimeout(engine.pingTimeoutTimer);
}

for (const mode of EACH_MODE) {
  describe(`a client of Socket.IO 2: ${mode}`, () => {
    test("talks and is understood", async (t) => {
      const socket = await openedOld(t, acceptance.eio3, mode);
      const args = [1, "héllo ✓ 🚀", { list: [null, true, 1.5] }];
      assert.deepEqual(await answers(socket, "ask", ...args), args);
      const echoed = next(socket, "echoed");
      assert.deepEqual(await answers(socket, "echo", ...args), []);
      assert.deepEqual(await echoed, args);
      assert.ok((await ask(socket, "caps")).includes("eio3"));
    });

    test("sees the transport that it uses", async (t) => {
      const socket = await openedOld(t, acceptance.eio3, mode);
      const { transport, sid } = await ask(socket, "whoami");
      assert.equal(transport, mode === "polling" ? "polling" : "websocket");
      assert.equal(sid, socket.id, "this server was told to take the ids of such clients");
    });

    test("is found by the id that it has", async (t) => {
      const root = await openedOld(t, acceptance.eio3, mode);
      const inside = also(root, "/a");
      await next(inside, "connect");
      assert.match(inside.id, /^\/a#[\w-]{20}$/);
      const young = await opened(t, acceptance.eio3, mode);
      const youngInside = also(young, "/a");
      await connected(youngInside);
      for (const [old, peer] of [[root, young], [inside, youngInside]]) {
        assert.equal((await ask(old, "whoami")).sid, old.id);
        assert.deepEqual(await ask(old, "join", "somewhere"), [old.id, "somewhere"].sort());
        assert.deepEqual(await ask(peer, "members", "somewhere"), [old.id]);
        const told = next(old, "told");
        assert.equal(await ask(peer, "cast", { from: "server", to: [old.id], event: "told", args: [peer.id] }), true);
        assert.deepEqual(await told, [peer.id]);
        assert.equal(await ask(peer, "join-other", old.id, "elsewhere"), true);
        assert.deepEqual(await ask(peer, "members", "elsewhere"), [old.id]);
        const gone = next(old, "disconnect");
        assert.equal(await ask(peer, "kick", old.id, false), true);
        await gone;
      }
      assert.match(young.id, /^[\w-]{20}$/);
      assert.notEqual(young.id, young.io.engine.id, "clients of today are as they were");
    });

    test("sends and gets bytes", async (t) => {
      const socket = await openedOld(t, acceptance.eio3, mode);
      const args = [BYTES, { deep: [BYTES.subarray(0, 1), Buffer.alloc(0)] }, "text"];
      assert.deepEqual(await answers(socket, "ask", ...args), args);
      const echoed = next(socket, "echoed");
      socket.emit("echo", ...args);
      assert.deepEqual(await echoed, args);
      const [described] = await answers(socket, "describe", BYTES);
      assert.deepEqual(described, [{ t: "bin", n: 256, sum: 32_640 }]);
      const large = Buffer.alloc(300_000, 7);
      assert.deepEqual(await answers(socket, "ask", large, large), [large, large]);
    });

    test("answers the server", async (t) => {
      const socket = await openedOld(t, acceptance.eio3, mode);
      socket.on("please", (value, answer) => answer(value, BYTES, null));
      assert.deepEqual(await ask(socket, "call", 10_000, BYTES), { ok: [BYTES, BYTES, null] });
    });

    test("joins namespaces with a query of their own", async (t) => {
      const root = await openedOld(t, acceptance.eio3, mode);
      const guarded = also(root, "/guard", { query: { token: "sesame" } });
      await next(guarded, "connect");
      assert.equal((await ask(guarded, "whoami")).nsp, "/guard");
      const welcomed = also(root, "/auth", { query: { token: "a b,ü&+", x: 1 } });
      const [{ auth }] = await next(welcomed, "welcome");
      assert.deepEqual(auth, { token: "a b,ü&+", x: "1" });
      const room = also(root, "/room-7");
      await next(room, "connect");
      assert.deepEqual(await answers(room, "ask", BYTES), [BYTES]);
      assert.deepEqual(await answers(root, "ask", "still there"), ["still there"]);
    });

    test("is refused with the data of the error or its message", async (t) => {
      const root = await openedOld(t, acceptance.eio3, mode);
      const refusal = (namespace, options) => refusedOld(also(root, namespace, options));
      assert.deepEqual(await refusal("/guard", { query: { token: "wrong" } }), { code: 401, hint: "token" });
      assert.equal(await refusal("/refuse"), "no entry");
      assert.equal(await refusal("/nowhere"), "Invalid namespace");
      assert.deepEqual(await answers(root, "ask", "still there"), ["still there"]);
    });

    test("shares a room with a client of today", async (t) => {
      const old = await openedOld(t, acceptance.eio3, mode);
      const young = await opened(t, acceptance.eio3, mode);
      const room = key();
      const [first] = await Promise.all([ask(old, "join", room), ask(young, "join", room)]);
      assert.ok(first.includes(room));
      const heard = [inbox(old, "news"), inbox(young, "news")];
      const cast = { from: "server", to: [room], event: "news" };
      for (const [number, from] of [old, young, old].entries()) {
        assert.equal(await ask(from, "cast", { ...cast, args: [number, BYTES] }), true);
      }
      const expected = [0, 1, 2].map((number) => [number, BYTES]);
      await until(() => heard, (all) => all.every((news) => news.length >= 3), "the news");
      assert.deepEqual(heard, [expected, expected]);
      for (const socket of [old, young]) {
        socket.on("please", (answer) => answer("here"));
      }
      assert.deepEqual(await ask(young, "call-room", room, 10_000), { ok: ["here", "here"], missing: 0 });
    });

    test("leaves for the reasons that everybody leaves for", async (t) => {
      const witness = await opened(t, acceptance.eio3, "websocket");
      const reasonAfter = async (leave) => {
        const name = key();
        const socket = await openedOld(t, acceptance.eio3, mode, { query: { key: name } });
        await leave(socket);
        const entries = await journal(witness, name, (list) => list.length === 2);
        assert.deepEqual(entries.map(({ what, nsp }) => [what, nsp]), [["connect", "/"], ["disconnect", "/"]]);
        return entries[1].reason;
      };
      assert.equal(await reasonAfter((socket) => socket.io.engine.close()), "transport close");
      assert.match(await reasonAfter((socket) => socket.disconnect()), /^(client namespace|transport)/);
      const bye = (wholeConnection) => async (socket) => {
        const gone = next(socket, "disconnect");
        socket.emit("bye", wholeConnection);
        assert.match((await gone)[0], /^(io server disconnect|transport close)$/);
      };
      assert.equal(await reasonAfter(bye(false)), "server namespace disconnect");
      assert.match(await reasonAfter(bye(true)), /^(server namespace disconnect|forced server close)$/);
    });

    test("comes back after the server has put it out", async (t) => {
      const socket = await openedOld(t, acceptance.eio3, mode);
      const before = (await ask(socket, "whoami")).sid;
      // A client of that time that connects before its old connection has ended tears the new one down with it.
      const gone = Promise.all([next(socket, "disconnect"), next(socket.io.engine, "close")]);
      socket.emit("bye", true);
      await gone;
      socket.connect();
      await connected(socket, mode);
      assert.notEqual((await ask(socket, "whoami")).sid, before);
    });

    test("times out when it is silent, and not when it pings", async (t) => {
      const witness = await opened(t, acceptance.eio3, "websocket");
      const name = key();
      silence(await openedOld(t, acceptance.eio3, mode, { query: { key: name } }));
      const socket = await openedOld(t, acceptance.eio3, mode);
      const left = inbox(socket, "disconnect");
      // Pings go out every two seconds, and without one the server closes after five.
      for (let pongs = 0; pongs < 3; pongs += 1) {
        await next(socket, "pong");
      }
      const entries = await journal(witness, name, (list) => list.length === 2);
      assert.equal(entries[1].reason, "ping timeout");
      assert.deepEqual(await answers(socket, "ask", 1), [1]);
      assert.deepEqual(left, []);
    });

    test(`${EVENTS} events each way`, async (t) => {
      const release = mode === "upgrade" ? holdUpgrades(t) : () => {};
      const socket = await connected(openOld(t, acceptance.eio3, mode));
      const { engine } = socket.io;
      let upgradedAfter;
      engine.once("upgrade", () => (upgradedAfter = received));
      let sent = 0;
      let received = 0;
      const done = new Promise((resolve, reject) => {
        const fill = () => {
          while (sent < EVENTS && sent - received < IN_FLIGHT) {
            socket.emit("seq", sent);
            socket.emit("echo", sent, BYTES);
            sent += 1;
          }
        };
        socket.on("echoed", (number, bytes) => {
          if (number !== received || !BYTES.equals(bytes)) {
            reject(new Error(`echo ${number} came when ${received} was due`));
          }
          received += 1;
          if (received === EVENTS / 10) {
            release();
          }
          fill();
          if (received === EVENTS) {
            resolve();
          }
        });
        socket.on("disconnect", (reason) => reject(new Error(`disconnected after ${received}: ${reason}`)));
        fill();
      });
      await within(done, `${EVENTS} echoes`, 60_000);
      assert.deepEqual(await ask(socket, "seq-report"), { count: EVENTS, ordered: true });
      assert.equal(received, EVENTS, "nothing came after the last one");
      if (mode === "upgrade") {
        assert.ok(upgradedAfter >= EVENTS / 10 && upgradedAfter < EVENTS, `upgraded after ${upgradedAfter}`);
      }
    });
  });
}

test("a client that tries again by itself comes back", async (t) => {
  const socket = await openedOld(t, acceptance.eio3, "websocket", { reconnection: true, reconnectionDelay: 20 });
  const again = next(socket, "reconnect");
  socket.io.engine.transport.ws.terminate();
  await again;
  await connected(socket);
  assert.deepEqual(await answers(socket, "ask", 1), [1]);
});

test("a server that does not let it in says so", async (t) => {
  const socket = openOld(t, acceptance.main, "polling");
  const [error] = await next(socket, "connect_error");
  assert.equal(error.description, 400);
});
