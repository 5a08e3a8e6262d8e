// The official client, with what all tests of it need.

import { io } from "socket.io-client";

import { next, until, within } from "./wait.js";

/** The three ways in which a client can live; every test of the client runs in each of them. */
export const MODES = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

export const EACH_MODE = Object.keys(MODES);

/** The ways in which one in a browser can live. It ends on the last of its transports. */
export const BROWSER_MODES = {
  ...MODES,
  webtransport: ["webtransport"],
  "upgrade to webtransport": ["polling", "webtransport"],
};

/** A socket of its own connection, closed at the end of the test. It does not try again by itself unless told to. */
export function open(t, url, mode, options = {}) {
  const socket = io(url, { transports: MODES[mode], forceNew: true, reconnection: false, ...options });
  t.after(() => socket.io._close());
  return socket;
}

/** Another namespace on the same connection. */
export function also(socket, namespace, options) {
  return socket.io.socket(namespace, options);
}

/** Resolves when the socket is accepted and, in the mode `upgrade`, has moved to WebSocket. */
export async function connected(socket, mode) {
  if (!socket.connected) {
    await within(
      new Promise((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("connect_error", reject);
      }),
      "the connection",
    );
  }
  const { engine } = socket.io;
  if (mode === "upgrade" && engine.transport.name !== "websocket") {
    await next(engine, "upgrade");
  }
  return socket;
}

/** Opens and waits. */
export async function opened(t, url, mode, options) {
  return connected(open(t, url, mode, options), mode);
}

/** The error with which the server refuses this socket. */
export async function refused(socket) {
  const refusal = new Promise((resolve, reject) => {
    socket.once("connect_error", resolve);
    socket.once("connect", () => reject(new Error("the server accepted what it should refuse")));
  });
  return within(refusal, "a refusal");
}

/** All arguments of the answer. */
export function answers(socket, event, ...args) {
  const answer = new Promise((resolve) => socket.emit(event, ...args, (...values) => resolve(values)));
  return within(answer, `the acknowledgement of ${event}`);
}

/** The first argument of the answer. */
export async function ask(socket, event, ...args) {
  const [first] = await answers(socket, event, ...args);
  return first;
}

/** Collects the arguments of an event from now on. */
export function inbox(socket, event) {
  const received = [];
  socket.on(event, (...args) => received.push(args));
  return received;
}

/** The server's own record of one client, once `isGood` holds of it. */
export function journal(socket, key, isGood) {
  return until(() => ask(socket, "journal", key), isGood, `the journal of ${key}`);
}

/** A key under which nobody else is in the server's journal. */
export function key() {
  return `key-${crypto.randomUUID()}`;
}
