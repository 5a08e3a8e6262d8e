// The drawings of the book, by their names.

import { arrow, box, text } from "./shapes.mjs";

const layers = {
  title: "A client has one session, which carries a socket in each of its namespaces; sockets of a namespace are in rooms.",
  height: 330,
  shapes: [
    box(4, 166, 108, 158, ["namespace /"], { dashed: true, top: true }),
    box(124, 166, 232, 158, ["namespace /chat"], { dashed: true, top: true }),
    box(20, 10, 140, 44, ["client A", "a page"]),
    box(200, 10, 140, 44, ["client B", "a script"]),
    arrow([[90, 54], [90, 88]], { both: true }),
    arrow([[270, 54], [270, 88]], { both: true }),
    box(20, 90, 140, 44, ["session", "polling, WebSocket"], { kind: "ours" }),
    box(200, 90, 140, 44, ["session", "polling, WebSocket"], { kind: "ours" }),
    arrow([[58, 134], [58, 164]]),
    arrow([[140, 134], [140, 164]]),
    arrow([[300, 134], [300, 164]]),
    box(14, 190, 88, 34, ["socket"], { kind: "good" }),
    box(136, 190, 84, 34, ["socket"], { kind: "good" }),
    box(258, 190, 84, 34, ["socket"], { kind: "good" }),
    arrow([[178, 224], [178, 258]]),
    arrow([[300, 224], [300, 258]]),
    box(136, 260, 206, 26, ["room “lobby”"]),
    text(240, 308, "both are in this room", { quiet: true }),
    text(58, 250, "no rooms", { quiet: true }),
  ],
};

const life = {
  title: "The life of a socket: connect accepts or refuses it, then it handles events one at a time, then disconnect runs.",
  height: 372,
  shapes: [
    box(70, 8, 220, 28, ["client asks to join /chat"]),
    arrow([[180, 36], [180, 58]]),
    box(70, 60, 220, 46, ["`connect`", "what it emits is held"], { kind: "ours" }),
    arrow([[110, 106], [110, 146]], { kind: "good" }),
    text(104, 130, "true, Ok", { quiet: true, anchor: "end" }),
    arrow([[238, 106], [238, 146]], { kind: "bad" }),
    text(244, 130, "false, Err, panic", { quiet: true, anchor: "start" }),
    box(214, 148, 142, 62, ["refused", "it gets the error,", "and nothing else"], { kind: "bad" }),
    box(10, 148, 190, 30, ["held events are sent"], { kind: "good" }),
    arrow([[105, 178], [105, 200]]),
    box(10, 202, 190, 46, ["`event_…`", "one at a time, in order"], { kind: "ours" }),
    arrow([[200, 214], [226, 214], [226, 238], [202, 238]]),
    text(232, 231, "next event", { quiet: true, anchor: "start" }),
    arrow([[105, 248], [105, 276]]),
    text(113, 266, "the client leaves, or is lost", { quiet: true, anchor: "start" }),
    box(10, 278, 190, 46, ["`disconnect`", "its rooms are still there"], { kind: "ours" }),
    arrow([[105, 324], [105, 340]]),
    box(10, 342, 330, 24, ["it leaves its rooms; the value is dropped"]),
  ],
};

const receivers = (y, call, marks) => [
  text(8, y + 17, call, { anchor: "start", size: 11.5 }),
  ...marks.map((isReached, nth) => box(214 + nth * 49, y, 42, 24, [isReached ? "yes" : "–"], { kind: isReached ? "good" : "plain" })),
];

const broadcast = {
  title: "The receivers of an event, for each way to emit: the sender, another socket in the room, and one outside the room.",
  height: 236,
  shapes: [
    text(235, 16, "sender", { quiet: true, room: 60 }),
    text(284, 16, "room", { quiet: true }),
    text(333, 16, "others", { quiet: true }),
    ...receivers(26, "`socket.emit`", [true, false, false]),
    ...receivers(60, "`socket.to(room)`", [false, true, false]),
    ...receivers(94, "`socket.broadcast()`", [false, true, true]),
    ...receivers(128, "`namespace.to(room)`", [true, true, false]),
    ...receivers(162, "`namespace.except(room)`", [false, false, true]),
    ...receivers(196, "`namespace.emit`", [true, true, true]),
    text(8, 232, "The sender is in the room here.", { quiet: true, anchor: "start" }),
  ],
};

const queues = {
  title: "Each client has a queue for events that arrive and one for packets that are sent, and each has its own rule when full.",
  height: 346,
  shapes: [
    box(110, 8, 140, 28, ["client"]),
    arrow([[140, 36], [140, 66], [88, 66], [88, 86]]),
    arrow([[272, 86], [272, 66], [220, 66], [220, 36]]),
    box(10, 88, 156, 62, ["incoming", "`incoming_events`", "`incoming_bytes`"], { kind: "ours" }),
    box(182, 88, 172, 62, ["outgoing", "`outgoing_queue_…`", "bytes and packets"], { kind: "ours" }),
    arrow([[88, 150], [88, 176]]),
    arrow([[272, 176], [272, 150]]),
    box(10, 178, 344, 28, ["handlers of this client’s sockets"]),
    text(88, 232, "When it is full:", { bold: true }),
    box(10, 242, 156, 46, ["the server stops", "reading this client"], { kind: "bad" }),
    text(268, 232, "When it is full:", { bold: true }),
    text(186, 252, "`emit` waits", { anchor: "start" }),
    text(186, 270, "`try_emit` fails", { anchor: "start" }),
    text(186, 288, "`volatile` is skipped", { anchor: "start" }),
    text(186, 306, "a broadcast goes in, and a", { anchor: "start", quiet: true }),
    text(186, 322, "client that does not read", { anchor: "start", quiet: true }),
    text(186, 338, "is disconnected", { anchor: "start", quiet: true }),
    text(10, 306, "Its heartbeat is not", { anchor: "start", quiet: true }),
    text(10, 322, "counted meanwhile.", { anchor: "start", quiet: true }),
  ],
};
const layer = {
  title: "In axum, a layer that is added later is further out: a CORS layer for the routes is added before the layer of sio.",
  height: 330,
  shapes: [
    box(110, 8, 140, 28, ["request"]),
    arrow([[180, 36], [180, 58]]),
    box(6, 60, 348, 264, ["sessions, logging: added last"], { top: true }),
    box(20, 92, 320, 222, ["`.layer(server.layer())`"], { kind: "ours", top: true }),
    arrow([[70, 118], [70, 150]]),
    text(78, 140, "/socket.io", { anchor: "start", quiet: true }),
    box(30, 152, 110, 44, ["Socket.IO", "consumers"], { kind: "good" }),
    arrow([[250, 118], [250, 150]]),
    text(258, 140, "all others", { anchor: "start", quiet: true }),
    box(156, 152, 174, 152, ["CORS: added before"], { top: true }),
    box(170, 184, 146, 110, ["Router", "`.route(..)`", "`.route(..)`"], { kind: "good" }),
    text(86, 220, "sends its own", { quiet: true }),
    text(86, 236, "CORS headers", { quiet: true }),
  ],
};

const recovery = {
  title: "Recovery on a time line: the connection breaks, events are kept, and the client gets them when it is back in time.",
  height: 318,
  shapes: [
    text(10, 18, "client", { anchor: "start", bold: true }),
    text(350, 18, "server", { anchor: "end", bold: true }),
    arrow([[40, 28], [40, 306]]),
    arrow([[320, 28], [320, 306]]),
    arrow([[318, 48], [44, 48]], { kind: "good" }),
    text(180, 43, "event 1, offset 1", { quiet: true }),
    text(180, 78, "the connection breaks", { bold: true }),
    arrow([[52, 88], [308, 88]], { kind: "bad", dashed: true, head: false }),
    box(196, 98, 118, 26, ["`disconnect`"], { kind: "ours" }),
    box(132, 134, 182, 26, ["events 2 and 3 are kept"]),
    arrow([[42, 184], [316, 184]]),
    text(180, 179, "connects again: offset 1", { quiet: true }),
    box(196, 194, 118, 26, ["`connect`"], { kind: "ours" }),
    arrow([[318, 238], [44, 238]], { kind: "good" }),
    text(180, 233, "same id and rooms; events 2 and 3", { quiet: true }),
    text(180, 262, "After 120 s, or when too much is missed:", { quiet: true }),
    text(180, 278, "a new client, with recovered false", { quiet: true }),
  ],
};

const proxies = {
  title: "A client reaches the server through a proxy, which must pass on the upgrade, the host and the client's address.",
  height: 300,
  shapes: [
    box(100, 8, 160, 28, ["client, over HTTPS"]),
    arrow([[180, 36], [180, 60]], { both: true }),
    box(40, 62, 280, 130, ["proxy: TLS, other services"], { top: true }),
    text(54, 104, "`Upgrade, Connection`", { anchor: "start", size: 12 }),
    text(306, 104, "WebSocket", { anchor: "end", quiet: true }),
    text(54, 126, "`Host`", { anchor: "start", size: 12 }),
    text(306, 126, "the origin is compared", { anchor: "end", quiet: true }),
    text(54, 148, "`X-Forwarded-For`", { anchor: "start", size: 12 }),
    text(306, 148, "the client’s address", { anchor: "end", quiet: true }),
    text(54, 170, "timeout over 45 s", { anchor: "start", size: 12 }),
    text(306, 170, "heartbeat", { anchor: "end", quiet: true }),
    arrow([[110, 192], [110, 226]], { both: true }),
    arrow([[250, 192], [250, 226]], { both: true }),
    box(40, 228, 140, 44, ["server 1", "sessions A, C"], { kind: "ours" }),
    box(190, 228, 140, 44, ["server 2", "sessions B, D"], { kind: "ours" }),
    text(180, 292, "Each session at its server: sticky, or an adapter", { quiet: true }),
  ],
};

const nodes = {
  title: "Three nodes meet at a broker: a broadcast of node A reaches its own clients at once, and those of B and C through the broker.",
  height: 300,
  shapes: [
    box(4, 8, 108, 28, ["clients of A"]),
    box(126, 8, 108, 28, ["clients of B"]),
    box(248, 8, 108, 28, ["clients of C"]),
    arrow([[58, 96], [58, 38]], { kind: "good" }),
    arrow([[180, 96], [180, 38]], { kind: "good" }),
    arrow([[302, 96], [302, 38]], { kind: "good" }),
    text(64, 72, "1 at once", { anchor: "start", quiet: true }),
    text(186, 72, "3", { anchor: "start", quiet: true }),
    text(308, 72, "3", { anchor: "start", quiet: true }),
    box(4, 98, 108, 44, ["node A", "emits"], { kind: "ours" }),
    box(126, 98, 108, 44, ["node B"], { kind: "ours" }),
    box(248, 98, 108, 44, ["node C"], { kind: "ours" }),
    arrow([[58, 142], [58, 200]], { kind: "good" }),
    text(64, 178, "2 once", { anchor: "start", quiet: true }),
    arrow([[180, 200], [180, 144]], { kind: "good" }),
    arrow([[302, 200], [302, 144]], { kind: "good" }),
    box(4, 202, 352, 30, ["broker: Redis, NATS, RabbitMQ, PostgreSQL"]),
    text(180, 258, "Requests for a session at another node are", { quiet: true }),
    text(180, 274, "passed on from node to node, not by the broker.", { quiet: true }),
  ],
};

export const DRAWINGS = { layers, life, broadcast, queues, layer, recovery, proxies, nodes };
