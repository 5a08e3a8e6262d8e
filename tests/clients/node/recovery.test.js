// Connection state recovery, as the official client does it by itself.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, answers, ask, connected, inbox, journal, key, open, opened } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { next, until } from "../support/wait.js";

/** A client that comes back at once when its connection is lost. */
const COMES_BACK = { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 10 };

/** More than this server waits for a client that is away. */
const TOO_LONG_MS = 4_500;

let acceptance;

before(async () => {
  acceptance = await startAcceptance({}, ["main", "recovery"]);
});

after(() => acceptance?.stop());

/** Cuts the connection without a goodbye; resolves when the client has noticed. */
async function cut(socket) {
  const gone = next(socket, "disconnect");
  const { engine } = socket.io;
  if (engine.transport.name === "websocket") {
    engine.transport.ws.terminate();
  } else {
    engine.close();
  }
  await gone;
}

/** Without the offset that stands behind the arguments. */
const withoutOffset = (received) => received.map((args) => args.slice(0, -1));

for (const mode of EACH_MODE) {
  describe(`a client that comes back: ${mode}`, () => {
    test("is the same socket, in the same rooms, and has missed nothing", async (t) => {
      const name = key();
      const other = await opened(t, acceptance.recovery, "websocket");
      const socket = await opened(t, acceptance.recovery, mode, { ...COMES_BACK, auth: { key: name } });
      assert.equal(socket.recovered, false);
      const { id } = socket;
      await ask(socket, "join", "room");
      const news = inbox(socket, "news");

      // It comes back when the test lets it.
      socket.io.reconnection(false);
      await cut(socket);
      await journal(other, name, (entries) => entries.some(({ what }) => what === "disconnect"));
      assert.deepEqual(await ask(other, "members", "room"), []);
      for (const to of [["room"], [id], undefined]) {
        await ask(other, "cast", { from: "server", to, event: "news", args: [to ?? "all", Buffer.from([1, 2])] });
      }
      socket.io.reconnection(true);
      socket.connect();
      await connected(socket, mode);

      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      const bytes = Buffer.from([1, 2]);
      assert.deepEqual(withoutOffset(news), [[["room"], bytes], [[id], bytes], ["all", bytes]]);
      const { sid, rooms, recovered } = await ask(socket, "whoami");
      assert.deepEqual({ sid, rooms, recovered }, { sid: id, rooms: [id, "room"].sort(), recovered: true });
      await ask(other, "cast", { from: "server", to: ["room"], event: "news", args: ["live"] });
      await until(() => news.length, (count) => count === 4, "what is sent after it has come back");
    });

    test("comes back before anything was sent to it", async (t) => {
      const socket = await opened(t, acceptance.recovery, mode, COMES_BACK);
      const { id } = socket;
      await cut(socket);
      await next(socket, "connect");
      assert.deepEqual([socket.recovered, socket.id], [true, id]);
    });

    test("gets numbered events once each and in order, however often its connection breaks", async (t) => {
      const socket = await opened(t, acceptance.recovery, mode, COMES_BACK);
      const ticks = inbox(socket, "ticked");
      assert.equal(await ask(socket, "tick", 100, 10), true);
      for (const seen of [5, 30, 60]) {
        await until(() => ticks.length, (count) => count >= seen, `${seen} ticks`);
        await cut(socket);
        await next(socket, "connect");
        assert.equal(socket.recovered, true);
      }
      await until(() => ticks.length, (count) => count >= 100, "all ticks");
      assert.deepEqual(withoutOffset(ticks), Array.from({ length: 100 }, (_, index) => [index]));
    });
  });
}

test("a client that was disconnected, or has left, is a new one when it comes back", async (t) => {
  for (const leave of [(socket) => socket.emit("bye", false), (socket) => socket.disconnect()]) {
    const socket = await opened(t, acceptance.recovery, "websocket");
    const { id } = socket;
    const gone = next(socket, "disconnect");
    leave(socket);
    await gone;
    socket.connect();
    await connected(socket, "websocket");
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
  }
});

test("a client that comes too late is a new one", async (t) => {
  const socket = await opened(t, acceptance.recovery, "websocket");
  const { id } = socket;
  await cut(socket);
  const away = Date.now();
  // The subject is time itself: there is no event by which a client could learn that it has been given up.
  await until(() => Date.now() - away, (passed) => passed > TOO_LONG_MS, "the server to give the client up");
  socket.connect();
  await connected(socket, "websocket");
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
});

test("a server without it keeps nothing", async (t) => {
  const socket = await opened(t, acceptance.main, "websocket", COMES_BACK);
  const { id } = socket;
  await cut(socket);
  await next(socket, "connect");
  assert.ok(!socket.recovered);
  assert.notEqual(socket.id, id);
  const strange = open(t, acceptance.main, "websocket", { auth: { pid: "AAAAAAAAAAAAAAAAAAAA", offset: "1" } });
  await connected(strange, "websocket");
  assert.deepEqual(await answers(strange, "echo", 1), []);
});
