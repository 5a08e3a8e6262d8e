// The official client of Socket.IO 2, which speaks Engine.IO 3.

import { createRequire } from "node:module";

import { MODES, connected } from "./client.js";
import { next } from "./wait.js";

const require = createRequire(import.meta.url);
const io = require("socket.io-client-2");
/** Its own engine, not the one of the present client. */
const { websocket: WebSocketTransport } = createRequire(require.resolve("socket.io-client-2"))(
  "engine.io-client/lib/transports",
);

/** A socket of its own connection, closed at the end of the test. It does not try again by itself unless told to. */
export function openOld(t, url, mode, options = {}) {
  const socket = io(url, { transports: MODES[mode], forceNew: true, reconnection: false, ...options });
  t.after(() => socket.io.close());
  return socket;
}

/** Opens and waits. */
export async function openedOld(t, url, mode, options) {
  return connected(openOld(t, url, mode, options), mode);
}

/** The refusal of this socket by the server. */
export async function refusedOld(socket) {
  const [error] = await next(socket, "error");
  return error;
}

/** Keeps the WebSockets of this test closed until the function that is returned is called. */
export function holdUpgrades(t) {
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const { doOpen } = WebSocketTransport.prototype;
  WebSocketTransport.prototype.doOpen = function () {
    gate.then(() => doOpen.call(this));
  };
  t.after(() => (WebSocketTransport.prototype.doOpen = doOpen));
  return release;
}
