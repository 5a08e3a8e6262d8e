import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, also, ask, connected, journal, key, opened } from "../support/client.js";
import { startAcceptance, startE2e } from "../support/servers.js";
import { next } from "../support/wait.js";

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

/** A client who leaves, and a witness who asks the server why. */
async function leaver(t, mode) {
  const name = key();
  const witness = await opened(t, acceptance.main, "websocket");
  const socket = await opened(t, acceptance.main, mode, { auth: { key: name } });
  const reason = async () => {
    const left = ({ what, sid }) => what === "disconnect" && sid === id;
    const entries = await journal(witness, name, (list) => list.some(left));
    const found = entries.filter(left);
    assert.equal(found.length, 1, "the hook runs once");
    return found[0].reason;
  };
  const { id } = socket;
  return { socket, reason };
}

for (const mode of EACH_MODE) {
  describe(`leaving: ${mode}`, () => {
    test("the client leaves the namespace", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      socket.disconnect();
      assert.equal(await reason(), "client namespace disconnect");
    });

    test("the client closes the connection", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      socket.io.engine.close();
      assert.equal(await reason(), "transport close");
    });

    test("the server puts the socket out", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      const gone = next(socket, "disconnect");
      socket.emit("bye", false);
      assert.equal((await gone)[0], "io server disconnect");
      assert.equal(await reason(), "server namespace disconnect");
    });

    test("the server ends the whole connection", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      const other = also(socket, "/a");
      await connected(other);
      const gone = [next(socket, "disconnect"), next(other, "disconnect"), next(socket.io, "close")];
      socket.emit("bye", true);
      const reasons = (await Promise.all(gone)).map(([reason]) => reason);
      assert.deepEqual(reasons.slice(0, 2), ["io server disconnect", "io server disconnect"]);
      assert.equal(await reason(), "server namespace disconnect");
      assert.equal(socket.active, false, "the client does not try again by itself");
      assert.equal(other.active, false);
    });

    test("a packet that is not Socket.IO ends the connection", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      const gone = next(socket, "disconnect");
      socket.io.engine.write("9 is no packet type");
      await gone;
      assert.equal(await reason(), "forced close");
    });

    test("a client that is silent times out", async (t) => {
      const { socket, reason } = await leaver(t, mode);
      const { engine } = socket.io;
      const send = engine._sendPacket.bind(engine);
      engine._sendPacket = (type, ...rest) => type !== "pong" && send(type, ...rest);
      assert.equal(await reason(), "ping timeout");
    });

    test("a client that was disconnected can come back", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const before = socket.id;
      await ask(socket, "join", "before");
      const gone = next(socket, "disconnect");
      socket.emit("bye", false);
      await gone;
      socket.connect();
      await connected(socket);
      assert.notEqual(socket.id, before);
      assert.deepEqual((await ask(socket, "whoami")).rooms, [socket.id], "rooms do not come back by themselves");
    });

    test("a client finds a restarted server by itself", async (t) => {
      const first = await startE2e();
      const socket = await opened(t, first.url, mode, {
        reconnection: true,
        reconnectionDelay: 20,
        reconnectionDelayMax: 100,
      });
      const before = socket.id;
      const gone = next(socket, "disconnect");
      await first.stop();
      const [reason] = await gone;
      assert.match(reason, /^transport (close|error)$/, "only then the client tries again by itself");

      const again = next(socket, "connect");
      const buffered = ask(socket, "echo", "written while away");
      const second = await startE2e(first.port);
      t.after(() => second.stop());
      await again;
      assert.notEqual(socket.id, before);
      assert.equal(await buffered, "written while away");
    });
  });
}

test("a lost TCP connection is a transport close", async (t) => {
  const { socket, reason } = await leaver(t, "websocket");
  socket.io.engine.transport.ws.terminate();
  assert.match(await reason(), /^transport (close|error)$/);
});
