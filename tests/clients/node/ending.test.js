// How clients learn that the server has no more to do with them, whatever they are doing at that moment.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, ask, open, opened } from "../support/client.js";
import { startAcceptance, startE2e } from "../support/servers.js";
import { next, within } from "../support/wait.js";

const CLIENTS = 40;

/** Less than a closed session is kept for a client that does not come, and than a ping may stay unanswered. */
const AT_ONCE_MS = 4_000;

/** The reason for which each of them is disconnected. */
function reasons(sockets) {
  return Promise.all(sockets.map((socket) => next(socket, "disconnect", AT_ONCE_MS).then(([reason]) => reason)));
}

describe("disconnected during the upgrade", () => {
  let acceptance;

  before(async () => {
    acceptance = await startAcceptance({}, ["chat", "main"]);
  });

  after(() => acceptance?.stop());

  for (const moment of ["upgrading", "upgrade", "connect"]) {
    test(`by the server, at the client's ${moment}`, async (t) => {
      const witness = await opened(t, acceptance.main, "websocket");
      const sockets = Array.from({ length: CLIENTS }, () => open(t, acceptance.main, "upgrade"));
      const gone = reasons(sockets);
      for (const socket of sockets) {
        const come = next(socket, "connect");
        const there = moment === "connect" ? come : next(socket.io.engine, moment);
        Promise.all([come, there]).then(() => witness.emit("kick", socket.id, true));
      }
      assert.deepEqual(await gone, sockets.map(() => "io server disconnect"));
      assert.deepEqual(sockets.map((socket) => socket.active), sockets.map(() => false));
    });
  }
});

describe("the server closes the transport", () => {
  for (const mode of EACH_MODE) {
    test(`and the client comes back by itself: ${mode}`, async (t) => {
      const e2e = await startE2e();
      t.after(() => e2e.stop());
      const socket = await opened(t, e2e.url, mode, { reconnection: true, reconnectionDelay: 10 });
      const { id } = socket;
      const gone = next(socket, "disconnect");
      socket.emit("close_transport");
      assert.equal((await gone)[0], "transport close");
      await next(socket, "connect");
      assert.notEqual(socket.id, id);
      assert.equal(await ask(socket, "echo", "again"), "again");
    });
  }
});

describe("the server ends", () => {
  for (const mode of ["polling", "upgrade"]) {
    test(`with clients at work: ${mode}`, async (t) => {
      const acceptance = await startAcceptance({}, ["main"]);
      const sockets = await Promise.all(
        Array.from({ length: CLIENTS }, () => opened(t, acceptance.main, mode === "polling" ? mode : "upgrade")),
      );
      // Half of them post all the time.
      for (const socket of sockets.slice(CLIENTS / 2)) {
        const again = () => socket.connected && socket.emit("ask", 1, again);
        again();
      }
      const gone = reasons(sockets);
      const began = Date.now();
      await within(acceptance.stop(), "the server to end", AT_ONCE_MS);
      assert.deepEqual(await gone, sockets.map(() => "transport close"));
      assert.ok(Date.now() - began < AT_ONCE_MS);
    });
  }

  test("with clients that upgrade", async (t) => {
    const acceptance = await startAcceptance({}, ["main"]);
    const sockets = Array.from({ length: CLIENTS }, () => open(t, acceptance.main, "upgrade"));
    const connected = Promise.all(sockets.map((socket) => next(socket, "connect")));
    const gone = reasons(sockets);
    await connected;
    await within(acceptance.stop(), "the server to end", AT_ONCE_MS);
    assert.deepEqual(await gone, sockets.map(() => "transport close"));
  });
});
