// Servers of other kinds beside nodes of sio, and what is said to all of them.

import assert from "node:assert/strict";

import { ask, connected, open } from "./client.js";
import { startForeign } from "./servers.js";
import { next } from "./wait.js";

const bytes = (...values) => Buffer.from(values);

/** Arguments of emits, as lists. */
export const EXACT = {
  none: [],
  null: [null],
  "a text": ["hi"],
  "an object": [{ x: 1, s: "é☃" }],
  several: ["one", 2, [3], { four: null }],
  "a list": [[1, 2, 3]],
  "a list of one": [["only"]],
  bytes: [bytes(0, 1, 254, 255)],
  "nested bytes": [{ f: bytes(7), n: ["x", bytes()] }, bytes(8, 9)],
  unicode: ['\u0000 " \\ \u2028 😀 \ue000'],
  // Whole numbers from 2^64 are sent as others by the encoder that the servers of Node use.
  floats: [1.5, -0.25, 0.1, 1e-7, 2.0],
  "large integers": [2 ** 53, -(2 ** 53), 2 ** 32 + 1],
  booleans: [true, false, null, 0],
  placeholders: [{ _placeholder: false, num: 0 }],
};

/** Arguments for a process that reads JSON. */
export function wrapped(value) {
  if (Buffer.isBuffer(value)) return { $: value.toString("base64") };
  if (Array.isArray(value)) return value.map(wrapped);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wrapped(item)]));
}

/** A client that answers `please`. */
export async function client(t, url, namespace = "") {
  const socket = open(t, `${url}${namespace}`, "websocket");
  socket.on("please", (...args) => args.pop()("answer", ...args));
  return connected(socket, "websocket");
}

/** A foreign process, which has to be alive at the end. */
export async function foreign(t, ...args) {
  const process = await startForeign(...args);
  t.after(async () => assert.ok(await process.end(), "the process has ended by itself"));
  return process;
}

/** Lets a node emit an event. */
export const cast = (socket, event, args, more = {}) => ask(socket, "cast", { from: "server", event, args, ...more });

/** Everything that was said before on any side has come. */
export async function flushed(sayers, hearers) {
  for (const say of sayers) {
    const event = `flush ${Math.random()}`;
    const all = Promise.all(hearers.map((socket) => next(socket, event)));
    await say(event);
    await all;
  }
}
