// Compressed WebSocket messages (permessage-deflate, RFC 7692): the official client, and the package `ws` by itself as an
// implementation that knows nothing of ours.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";

import WebSocket from "ws";

import { ask, opened } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { within } from "../support/wait.js";

const LARGE = "na".repeat(20_000);

/** As large as in the cases 12 and 13 of the Autobahn test suite. */
const SIZES = [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072];

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

/** Text that is as repetitive as what people send. */
function text(length, seed) {
  const words = ["red", "green", "blue", "{\\\"id\\\":", "1234", "true", "},", "ünï", seed.toString(36)];
  let out = "";
  for (let n = seed; out.length < length; n = (n * 48_271) % 2_147_483_647) {
    out += words[n % words.length];
  }
  return out.slice(0, length).replace(/\\+$/, "");
}

/** A connection by `ws` that is in `/`, and the iterator over its messages. */
async function raw(t, perMessageDeflate) {
  const url = `${acceptance.recovery.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
  const ws = new WebSocket(url, { perMessageDeflate });
  t.after(() => ws.terminate());
  const received = [];
  let wake = () => {};
  ws.on("message", (data, isBinary) => {
    // Heartbeats are answered, and are no messages.
    if (!isBinary && data.toString() === "2") {
      ws.send("3");
    } else {
      received.push(isBinary ? data : data.toString());
      wake();
    }
  });
  const next = () =>
    within(
      (async () => {
        while (received.length === 0) {
          await new Promise((resolve) => (wake = resolve));
        }
        return received.shift();
      })(),
      "a message",
    );
  await once(ws, "open");
  assert.match(await next(), /^0{/);
  ws.send("40");
  assert.match(await next(), /^40{/);
  return { ws, next };
}

/** Each with the number of messages of each size. */
const OFFERS = {
  "by default": [true, 100],
  "without takeover by the server": [{ serverNoContextTakeover: true }, 100],
  "without takeover by both": [{ serverNoContextTakeover: true, clientNoContextTakeover: true }, 10],
  "with a small window of the client": [{ clientMaxWindowBits: 9 }, 10],
  "with the largest window of the server": [{ serverMaxWindowBits: 15 }, 10],
};

describe("compression: the package ws", () => {
  for (const [offer, [options, count]] of Object.entries(OFFERS)) {
    test(`${count * SIZES.length} messages there and back, offered ${offer}`, async (t) => {
      const { ws, next } = await raw(t, options);
      assert.equal(ws.extensions, "permessage-deflate");
      for (const size of SIZES) {
        for (let n = 1; n <= count; n += 1) {
          const content = text(size, size + n);
          const event = `42${n}["ask","${content}"]`;
          if (n % 4 === 0) {
            // In fragments, with a control frame between them.
            const bytes = Buffer.from(event);
            const middle = Math.floor(bytes.length / 2);
            ws.send(bytes.subarray(0, middle), { fin: false, binary: false, compress: true });
            ws.ping("between");
            ws.send(bytes.subarray(middle), { fin: true, compress: true });
          } else {
            ws.send(event, { compress: n % 4 !== 1 });
          }
          assert.equal(await next(), `43${n}["${content}"]`);
        }
      }
    });
  }

  test("a window of the server that is too small is not agreed to, and nothing is compressed", async (t) => {
    const { ws, next } = await raw(t, { serverMaxWindowBits: 10 });
    assert.equal(ws.extensions, "");
    ws.send(`421["ask","${LARGE}"]`);
    assert.equal(await next(), `431["${LARGE}"]`);
  });

  test("binary messages", async (t) => {
    const { ws, next } = await raw(t, true);
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
