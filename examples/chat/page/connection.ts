// The conversation with the server: one socket in the namespace `/chat`.
// Knows Socket.IO, knows nothing of the page.

// ANCHOR: types
import type { io } from "socket.io-client";

import { Chat, isSioError } from "./contract.js";
import type { People, Person, SioError } from "./contract.js";

declare global {
  interface Window {
    /** Comes from /socket.io/socket.io.js; missing if that is not installed. */
    io?: typeof io;
  }
}
// ANCHOR_END: types

export const LOBBY = "lobby";

/** How long an event may stay without its acknowledgement. */
const ACK_TIMEOUT_MS = 15_000;

/** A message as the page shows it. */
export interface Message {
  text: string;
  room: string;
  from?: Person | null;
  own: boolean;
}

/** The state of the connection. */
export interface Report {
  state: "online" | "waiting" | "closed";
  detail?: string;
  code?: string;
  /** The server's name, where there are several. */
  node?: string;
  transport?: string;
}

/** The callbacks of the page. */
export interface Callbacks {
  state(report: Report): void;
  people(list: People): void;
  message(message: Message): void;
  system(text: string): void;
}

// ANCHOR: refusal
/** An error of the server as an exception. */
export class Refusal extends Error {
  readonly code: string;

  constructor({ code, message, detail }: SioError) {
    super(detail ?? message); // `detail` says which part does not fit.
    this.code = code;
  }
}

/** Returns the value of an answer. */
function value<T>(answer: T | SioError): T {
  if (isSioError(answer)) {
    throw new Refusal(answer);
  }
  return answer;
}
// ANCHOR_END: refusal

/** An error of `connect`, with the data that the server sends along. */
type ConnectError = Error & { data?: { code?: string; detail?: string } };

export type Connection = ReturnType<typeof connect>;

/**
 * Opens the connection.
 *
 * `identity()` is asked before every connect, so after a lost connection the server learns name and rooms again.
 */
export function connect(client: typeof io, identity: () => Chat.Auth, on: Callbacks) {
  const query = new URLSearchParams(location.search);
  const transports = query.get("transport")?.split(",") ?? ["polling", "websocket"];

  // ANCHOR: connect
  const socket: Chat.Client = client(Chat.path, {
    path: "/socket.io",
    transports,
    auth: (send) => send(identity()),
    reconnectionDelay: 300,
    reconnectionDelayMax: 3000,
  });
  // ANCHOR_END: connect

  let node: string | undefined;
  const transport = () => socket.io.engine?.transport?.name;
  const report = (state: Report["state"], detail?: string, code?: string) =>
    on.state({ state, detail, code, node, transport: transport() });

  /** Resolves when there is a connection, for those who wait in the order in which they came. */
  const connected = () => socket.connected || new Promise<void>((resolve) => socket.once("connect", resolve));

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
  socket.on("connect_error", (error: ConnectError) => {
    // `active` is true while the client goes on trying; false means that the server
    // refused this socket.
    report(socket.active ? "waiting" : "closed", error.data?.detail ?? error.message, error.data?.code);
  });

  // ANCHOR: events
  socket.on("system_message", ({ text }) => on.system(text));
  socket.on("people", (list) => on.people(list));
  socket.on("chat_message", ({ text, room, from }) => {
    on.message({ text, room: room ?? LOBBY, from, own: from?.id === socket.id });
  });
  // ANCHOR_END: events

  report("waiting");
  const patient = () => socket.timeout(ACK_TIMEOUT_MS);
  return {
    reconnect: () => socket.connect(),
    id: () => socket.id,
    isOnline: () => socket.connected,
    // ANCHOR: ask
    // The time for an answer begins with the sending: what is written while there is no
    // connection is not given up.
    say: async (room: string, text: string) => {
      await connected();
      return value(await patient().emitWithAck("chat_message", { room, text }));
    },
    setName: async (name: string) => {
      await connected();
      return value(await patient().emitWithAck("set_name", { name }));
    },
    join: async (room: string) => {
      return value(await patient().emitWithAck("join_room", { room }));
    },
    // ANCHOR_END: ask
    leave: async (room: string) => value(await patient().emitWithAck("leave_room", { room })),
    who: async (room: string) => value(await patient().emitWithAck("who", { room })),
    rooms: async () => value(await patient().emitWithAck("rooms")),
  };
}
