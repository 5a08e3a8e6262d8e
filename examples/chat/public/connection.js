// The conversation with the server: one socket in the namespace `/chat`.
// Knows Socket.IO, knows nothing of the page.

import { ask } from "/shared/page.js";

export const LOBBY = "lobby";

/**
 * Opens the connection.
 *
 * `identity()` is asked before every connect, so after a lost connection the server learns name and rooms again.
 * `on` holds the page's callbacks: `state`, `people`, `message`, `system`.
 */
export function connect(identity, on) {
  const query = new URLSearchParams(location.search);
  const transports = query.get("transport")?.split(",") ?? ["polling", "websocket"];

  const socket = window.io("/chat", {
    path: "/socket.io",
    transports,
    auth: (send) => send(identity()),
    reconnectionDelay: 300,
    reconnectionDelayMax: 3000,
  });

  let node; // The server's name, where there are several.
  const transport = () => socket.io.engine?.transport?.name;
  const report = (state, detail, code) => on.state({ state, detail, code, node, transport: transport() });

  /** Resolves when there is a connection. Whoever waits for it goes on in the order of coming. */
  const connected = () => socket.connected || new Promise((resolve) => socket.once("connect", resolve));

  socket.on("connect", () => {
    report("online");
    socket.io.engine.on("upgrade", () => report("online"));
  });
  socket.on("node", (name) => {
    node = name;
    report("online");
  });
  socket.on("disconnect", (reason) => {
    node = undefined;
    // After these two the client does not try again by itself.
    const final = reason === "io server disconnect" || reason === "io client disconnect";
    report(final ? "closed" : "waiting", reason);
  });
  socket.on("connect_error", (error) => {
    // `active` is true while the client goes on trying; false means that the server refused this socket.
    report(socket.active ? "waiting" : "closed", error.data?.detail ?? error.message, error.data?.code);
  });

  socket.on("system_message", ({ text }) => on.system(text));
  socket.on("people", (list) => on.people(list));
  socket.on("chat_message", ({ text, room = LOBBY, from }) => {
    on.message({ text, room, from, own: from !== undefined && from.id === socket.id });
  });

  report("waiting");
  return {
    reconnect: () => socket.connect(),
    id: () => socket.id,
    isOnline: () => socket.connected,
    // The time for an answer begins with the sending: what is written while there is no connection is not given up.
    say: async (room, text) => {
      await connected();
      return ask(socket, "chat_message", { room, text });
    },
    setName: async (name) => {
      await connected();
      return ask(socket, "set_name", { name });
    },
    join: (room) => ask(socket, "join_room", { room }),
    leave: (room) => ask(socket, "leave_room", { room }),
    who: (room) => ask(socket, "who", { room }),
    rooms: () => ask(socket, "rooms"),
  };
}
