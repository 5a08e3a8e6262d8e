// The Admin UI's namespace beside that of Node's `instrument()`: the same clients do the same, and the lines that a page
// gets are compared one by one. The differences, of which the book tells, are made here to the lines of Node.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, connected, inbox, open, opened } from "../support/client.js";
import { startInstrumented } from "../support/instrumented.js";
import { startAcceptance } from "../support/servers.js";
import { next, until } from "../support/wait.js";

const PASSWORD = { username: "ops", password: "secret" };

let servers;

before(async () => {
  const [ours, node] = await Promise.all([
    startAcceptance({ ADMIN: "development" }, ["main"]),
    startInstrumented(),
  ]);
  servers = { ours: { ...ours, url: ours.main }, node };
});

after(() => Promise.all(Object.values(servers ?? {}).map((server) => server.stop())));

/** A page's connection, and the lines that it gets: all but those about pages themselves, and the statistics. */
function look(t, url, auth = PASSWORD) {
  const page = open(t, `${url}/admin`, "websocket", { auth });
  const lines = [];
  page.onAny((event, ...args) => {
    const nsp = args[0]?.nsp ?? args[0];
    if (event !== "server_stats" && nsp !== "/admin") {
      lines.push([event, ...args]);
    }
  });
  return { page, lines, stats: inbox(page, "server_stats") };
}

/** The names of all fields, and the types of their values. */
function shape(value) {
  if (value === null || typeof value !== "object") {
    return typeof value;
  }
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, shape(value[key])]));
}

/** The actions of three clients while a page looks. Returns the lines, with names in place of ids and of times. */
async function perform(t, url) {
  const { page, lines } = look(t, url);
  await connected(page, "websocket");
  await until(() => lines.filter(([event]) => event === "all_sockets").length, (count) => count === 1, "all sockets");
  const log = lines.splice(0);
  const names = new Map();
  const named = (line) => JSON.parse(JSON.stringify(line), (_, value) => {
    if (typeof value !== "string") {
      return value;
    }
    return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? "time" : (names.get(value) ?? value);
  });
  /** Waits for the last line of what was done: pages are told a moment later. */
  const told = async (isLast) => {
    await until(() => lines.map(named), (all) => all.some(isLast), "the last line");
    log.push(...lines.splice(0));
  };
  const line = (event, ...args) => (found) => JSON.stringify(found) === JSON.stringify([event, ...args, "time"]);

  const arrive = async (name, mode, options) => {
    const socket = await opened(t, url, mode, options);
    names.set(socket.id, name);
    await told(([event, about]) => event === "socket_connected" && about.id === name);
    return socket;
  };
  const ada = await arrive("ada", "websocket");
  const bob = await arrive("bob", "websocket");
  const eve = await arrive("eve", "polling", { upgrade: false });
  eve.io.engine._probe("websocket");
  await told(([event, about]) => event === "socket_updated" && about.transport === "websocket");

  for (const [socket, name] of [[ada, "ada"], [bob, "bob"]]) {
    await ask(socket, "join", "lobby");
    await told(line("room_joined", "/", "lobby", name));
  }
  await ask(ada, "ask", 1, { a: [null, "ü"] });
  await told(line("event_received", "/", "ada", ["ask", 1, { a: [null, "ü"] }]));
  const echoed = next(ada, "echoed");
  ada.emit("echo", "hello", 2);
  await echoed;
  await told(line("event_sent", "/", "ada", ["echoed", "hello", 2]));
  await ask(ada, "cast", { from: "server", to: ["lobby"], event: "news", args: ["for the lobby"] });
  await told(([event, , , args]) => event === "event_sent" && args[0] === "news");
  await ask(ada, "cast", { from: "server", to: [], event: "news", args: ["for all"] });
  await told(([event, , , args]) => event === "event_sent" && args[0] === "news");
  await ask(ada, "leave", "lobby");
  await told(line("room_left", "/", "lobby", "ada"));

  // The actions of the page.
  page.emit("join", "/", "jury", ada.id);
  await told(line("room_joined", "/", "jury", "ada"));
  const hint = next(ada, "hint");
  page.emit("emit", "/", ada.id, "hint", "go");
  assert.deepEqual(await hint, ["go"]);
  await told(([event, , , args]) => event === "event_sent" && args[0] === "hint");
  page.emit("leave", "/", "jury", ada.id);
  await told(line("room_left", "/", "jury", "ada"));
  const kicked = next(bob, "disconnect");
  page.emit("_disconnect", "/", false, bob.id);
  assert.equal((await kicked)[0], "io server disconnect");
  await told(line("room_left", "/", "lobby", "bob"));
  page.emit("_disconnect", "/", true, ada.id);
  await next(ada, "disconnect");
  await told(line("room_left", "/", "ada", "ada"));
  const last = await arrive("gus", "websocket");
  last.io.engine.close();
  await told(line("room_left", "/", "gus", "gus"));
  eve.disconnect();
  await told(line("room_left", "/", "eve", "eve"));
  return log.map(named);
}

/** The lines of a client's own room, which is not told of when it comes. */
const isOwnRoom = ([event, , room, id]) => event === "room_joined" && room === id;

/** Node has a line for each receiver of a broadcast, where one with its rooms is told. */
function onceWithRooms(lines) {
  const rooms = { "for the lobby": "lobby", "for all": "(everybody)" };
  const isCast = ([event, , , args]) => event === "event_sent" && args[0] === "news";
  return lines
    .map((line) => (isCast(line) ? [line[0], line[1], rooms[line[3][1]], ...line.slice(3)] : line))
    .filter((line, at, all) => !isCast(line) || JSON.stringify(line) !== JSON.stringify(all[at - 1]));
}

/** The rooms of a socket that leaves, in the order of their names. */
function inOrder(lines) {
  const sorted = [];
  for (const line of lines) {
    const previous = sorted.at(-1);
    if (line[0] === "room_left" && previous?.[0] === "room_left" && line[3] === previous[3] && line[2] < previous[2]) {
      sorted.splice(-1, 0, line);
    } else {
      sorted.push(line);
    }
  }
  return sorted;
}

/** A socket as it is described, by its shape: a browser's headers and the ids of clients differ. */
function byShape(lines) {
  return lines.map(([event, ...args]) => {
    if (event === "session" || event === "config") {
      return [event, shape(args)];
    }
    if (event !== "socket_connected") {
      return [event, ...args];
    }
    const [{ transport, nsp, id, rooms, ...rest }, time] = args;
    rest.handshake = { ...rest.handshake, headers: {}, query: shape(rest.handshake.query) };
    return [event, { transport, nsp, id, rooms, ...shape(rest) }, time];
  });
}

test("pages are told the same as by Node's servers, in the same order", async (t) => {
  const [ours, node] = await Promise.all([perform(t, servers.ours.url), perform(t, servers.node.url)]);
  const expected = onceWithRooms(node.filter((line) => !isOwnRoom(line)));
  // Node's page is a socket like others, which it tells itself.
  const others = (line) => (line[0] === "all_sockets" ? [line[0], line[1].filter(({ nsp }) => nsp !== "/admin")] : line);
  assert.deepEqual(inOrder(byShape(ours)), inOrder(byShape(expected.map(others))));
  assert.ok(ours.length > 30, "something was told");
});

test("logins, features and statistics have the shapes of Node's", async (t) => {
  const seen = await Promise.all(
    Object.values(servers).map(async ({ url }) => {
      const refused = await next(look(t, url, { ...PASSWORD, password: "wrong" }).page, "connect_error");
      const first = look(t, url);
      const [session] = await next(first.page, "session");
      const again = look(t, url, { sessionId: session });
      const [{ supportedFeatures }] = await next(again.page, "config");
      const client = await opened(t, url, "polling");
      const kinds = new Set();
      const shapes = await until(
        () => {
          const all = first.stats.flat();
          all.flatMap((stats) => stats.aggregatedEvents).forEach(({ type }) => kinds.add(type));
          return all.filter(({ pollingClientsCount }) => pollingClientsCount === 1);
        },
        ({ length }) => length > 0 && kinds.size >= 5,
        "statistics",
      );
      client.disconnect();
      const { aggregatedEvents, namespaces, ...rest } = shapes[0];
      return {
        refused: refused[0].message,
        features: supportedFeatures.sort(),
        again: again.lines.some(([event]) => event === "session"),
        kinds: [...kinds].filter((kind) => kind !== "rawDisconnection").sort(),
        namespace: shape(namespaces[0]),
        rest: shape(rest),
      };
    }),
  );
  const [ours, node] = seen;
  const { omitted, ...common } = ours.rest;
  assert.deepEqual(omitted, { changes: "number", namespaces: "number", sockets: "number" });
  assert.deepEqual({ ...ours, rest: common }, node);
});
