// A server of Node with a Redis adapter of Socket.IO, or a process with its Redis emitter.
//
//   foreign_node.js serve URL ioredis|redis [MODE]   a server on a free port; its clients send `do`, with what it shall do;
//                                                    with the sharded adapter if a `subscriptionMode` is given
//   foreign_node.js emit URL                         says what each line of its input says

import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Server } from "socket.io";

const [, , mode, url, client, subscriptionMode] = process.argv;

/** The value of which the test has written the bytes as {"$": base64}. */
function plain(value) {
  if (value === null || typeof value !== "object") {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  const entries = Object.entries(value);
  return entries.length === 1 && entries[0][0] === "$"
    ? Buffer.from(value.$, "base64")
    : Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

async function connections() {
  const both = client === "redis" ? [createClient({ url }), createClient({ url })] : [new Redis(url), new Redis(url)];
  // A process without a listener would end as soon as its Redis does.
  both.forEach((connection) => connection.on("error", () => {}));
  if (client === "redis") await Promise.all(both.map((connection) => connection.connect()));
  return both;
}

/** Those of a server, or of an emitter, who are addressed. */
function addressed(of, { to = [], except = [], flags = [] }) {
  let all = of;
  for (const room of to) all = all.to(room);
  for (const room of except) all = all.except(room);
  for (const flag of flags) all = all[flag];
  return all;
}

async function serve() {
  const http = createServer();
  const redis = await connections();
  const adapter = subscriptionMode
    ? createShardedAdapter(...redis, { subscriptionMode })
    : createAdapter(...redis, { requestsTimeout: 2_000 });
  const io = new Server(http, { adapter });
  const heard = [];
  for (const path of ["/", "/a"]) {
    const nsp = io.of(path);
    nsp.on("serverside", (...args) => {
      const answer = args.pop();
      heard.push(args);
      answer?.(["node", ...args]);
    });
    nsp.on("probe", (...args) => args.pop()(["node", ...args]));
    nsp.on("server-cast", (...args) => heard.push(args));
    nsp.on("connection", (socket) => {
      socket.data.name = "ours";
      socket.on("do", async (what, answer) => {
        const all = addressed(nsp, what);
        const args = (what.args ?? []).map(plain);
        try {
          answer(await {
            emit: () => void all.emit(what.event, ...args),
            ask: () => all.timeout(5_000).emitWithAck(what.event, ...args),
            fetch: async () => (await all.fetchSockets()).map(({ id, rooms, data, handshake }) => ({
              id, rooms: [...rooms].sort(), data, url: handshake.url,
            })),
            rooms: async () => [...(await nsp.adapter.allRooms())].sort(),
            join: () => void all.socketsJoin(what.rooms),
            leave: () => void all.socketsLeave(what.rooms),
            disconnect: () => void all.disconnectSockets(what.close ?? false),
            serverEmit: () => void nsp.serverSideEmit("serverside", ...args),
            serverAsk: () => nsp.serverSideEmitWithAck("probe", ...args),
            heard: () => heard,
            uid: () => nsp.adapter.uid,
          }[what.op]());
        } catch (error) {
          answer({ error: `${error.message}` });
        }
      });
    });
  }
  http.listen(0, "127.0.0.1", () => console.log(`listening ${http.address().port}`));
}

function emit() {
  const emitter = new Emitter(new Redis(url));
  console.log("ready");
  createInterface({ input: process.stdin }).on("line", (line) => {
    const what = JSON.parse(line);
    const all = addressed(emitter.of(what.nsp ?? "/"), what);
    const args = (what.args ?? []).map(plain);
    ({
      emit: () => all.emit(what.event, ...args),
      join: () => all.socketsJoin(what.rooms),
      leave: () => all.socketsLeave(what.rooms),
      disconnect: () => all.disconnectSockets(what.close ?? false),
      serverEmit: () => emitter.of(what.nsp ?? "/").serverSideEmit(what.event, ...args),
    })[what.op]();
  });
}

await (mode === "serve" ? serve() : emit());
