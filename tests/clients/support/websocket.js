// The package `ws` by itself, as an implementation of WebSocket that knows nothing of ours.

import assert from "node:assert/strict";
import { once } from "node:events";

import WebSocket from "ws";

import { within } from "./wait.js";

/**
 * A WebSocket that is in `/`, closed at the end of the test, and the function that waits for its next message. `offer`
 * is sent for `Sec-WebSocket-Extensions` as it stands.
 */
export async function rawSocket(t, base, { offer, ...options }) {
  const url = `${base.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
  const finishRequest = (request) => {
    if (offer !== undefined) {
      request.setHeader("Sec-WebSocket-Extensions", offer);
    }
    request.end();
  };
  const ws = new WebSocket(url, { ...options, finishRequest });
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
