// Compressed WebSocket messages (permessage-deflate, RFC 7692): the official client, and the package `ws` by itself.
// `autobahn.test.js` has more of them, in all sizes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { ask, opened } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { rawSocket } from "../support/websocket.js";

const LARGE = "na".repeat(20_000);

const SIZES = [16, 1_024, 65_536, 131_072];

let acceptance;

before(async () => {
  acceptance = await startAcceptance({}, ["main", "recovery"]);
});

after(() => acceptance?.stop());

for (const mode of ["websocket", "upgrade"]) {
  describe(`compression: ${mode}`, () => {
    test("the official client offers it, and both sides compress", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const { ws } = socket.io.engine.transport;
      assert.equal(ws.extensions, "permessage-deflate");
      const { bytesRead, bytesWritten } = ws._socket;
      assert.equal(await ask(socket, "ask", LARGE), LARGE);
      assert.ok(ws._socket.bytesRead - bytesRead < 1_000);
      assert.ok(ws._socket.bytesWritten - bytesWritten < 1_000);
      const noise = randomBytes(10_000);
      assert.deepEqual(await ask(socket, "ask", noise), noise);
      assert.equal(await ask(socket, "ask", "small"), "small");
    });

    test("a client that does not offer it gets messages as they are", async (t) => {
      const socket = await opened(t, acceptance.main, mode, { perMessageDeflate: false });
      const { ws } = socket.io.engine.transport;
      assert.equal(ws.extensions, "");
      const { bytesRead } = ws._socket;
      assert.equal(await ask(socket, "ask", LARGE), LARGE);
      assert.ok(ws._socket.bytesRead - bytesRead > LARGE.length);
    });
  });
}

describe("compression: the package ws", () => {
  test("a window of the server that is too small is not agreed to, and nothing is compressed", async (t) => {
    const { ws, next } = await rawSocket(t, acceptance.recovery, { perMessageDeflate: { serverMaxWindowBits: 10 } });
    assert.equal(ws.extensions, "");
    ws.send(`421["ask","${LARGE}"]`);
    assert.equal(await next(), `431["${LARGE}"]`);
  });

  test("binary messages", async (t) => {
    const { ws, next } = await rawSocket(t, acceptance.recovery, { perMessageDeflate: true });
    for (const size of SIZES) {
      for (const bytes of [Buffer.alloc(size, "attached "), randomBytes(size)]) {
        ws.send('451-7["ask",{"_placeholder":true,"num":0}]');
        ws.send(bytes);
        assert.equal(await next(), '461-7[{"_placeholder":true,"num":0}]');
        assert.deepEqual(await next(), bytes);
      }
    }
  });
});
