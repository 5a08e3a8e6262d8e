// The page: puts together what the server says (connection.js) and what is on the screen (view.js).

import { LOBBY, connect } from "./connection.js";
import { displayName, message, notice, person, roomEntry, setMark } from "./view.js";
import { byId, element, paintAvatar } from "/shared/page.js";

/** Each browser tab is its own person; it remembers its name and rooms over a reload. */
const memory = {
  get name() {
    return sessionStorage.getItem("name") ?? undefined;
  },
  set name(name) {
    sessionStorage.setItem("name", name);
  },
  get rooms() {
    return JSON.parse(sessionStorage.getItem("rooms") ?? "[]");
  },
  set rooms(rooms) {
    sessionStorage.setItem("rooms", JSON.stringify(rooms));
  },
};

/** room → { log, unread, people, version, last } */
const rooms = new Map();
let current = LOBBY;
let chat;

// ---- rooms ----

function openRoom(name) {
  let room = rooms.get(name);
  if (!room) {
    const log = element("ol", {
      class: "log",
      role: "log",
      tabindex: "0",
      "aria-label": `Messages in ${name}`,
      "data-room": name,
      hidden: true,
    });
    byId("logs").append(log);
    room = { log, unread: 0, people: [], version: -1, last: undefined };
    rooms.set(name, room);
  }
  return room;
}

function closeRoom(name) {
  rooms.get(name)?.log.remove();
  rooms.delete(name);
}

function rememberRooms() {
  memory.rooms = [...rooms.keys()].filter((name) => name !== LOBBY);
}

function show(name) {
  current = name;
  for (const [key, room] of rooms) {
    room.log.hidden = key !== name;
  }
  const room = rooms.get(name);
  room.unread = 0;
  room.log.scrollTop = room.log.scrollHeight;
  byId("room-title").textContent = name;
  byId("text").placeholder = `Message #${name}`;
  byId("join-error").textContent = "";
  drawRooms();
  drawPeople();
  closePanels();
}

function drawRooms() {
  const list = byId("rooms");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.room : undefined;
  list.replaceChildren(
    ...[...rooms].map(([room, { unread }]) =>
      roomEntry({
        room,
        unread,
        current: room === current,
        canLeave: room !== LOBBY,
        onOpen: () => show(room),
        onLeave: () => leave(room),
      }),
    ),
  );
  if (focused) {
    list.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();
  }
  const elsewhere = [...rooms.values()].some((room) => room.unread > 0);
  byId("unread-elsewhere").hidden = !elsewhere;
}

function drawPeople() {
  const { people } = rooms.get(current);
  const me = chat?.id();
  const sorted = people.toSorted(
    (a, b) => (b.id === me) - (a.id === me) || displayName(a).localeCompare(displayName(b)),
  );
  byId("people").replaceChildren(...sorted.map((someone) => person(someone, someone.id === me)));
  byId("people-count").textContent = people.length;
  byId("people-badge").textContent = people.length;
}

async function join(name) {
  const hint = byId("join-error");
  hint.textContent = "";
  openRoom(name); // Before the answer, so that no list or message of this room finds it missing.
  try {
    updatePeople(await chat.join(name));
    rememberRooms();
    show(name);
    byId("text").focus();
  } catch (error) {
    closeRoom(name);
    hint.textContent = error.message;
  }
}

async function leave(name) {
  closeRoom(name);
  rememberRooms();
  show(current === name ? LOBBY : current);
  byId("text").focus();
  try {
    await chat.leave(name);
  } catch {
    // Not connected: after the next connect the server is not told of this room any more.
  }
}

// ---- messages ----

/** Adds a line to a room's log and keeps the newest line in view for a reader who is at the end. */
function append(name, node, author) {
  const room = openRoom(name);
  const { log } = room;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(node);
  room.last = author;
  if (atEnd || node.dataset.own !== undefined) {
    log.scrollTop = log.scrollHeight;
  }
}

function receive({ text, room: name, from, own }) {
  if (own) {
    return; // Written by this page: it is on the screen already, and its mark follows the acknowledgement.
  }
  if (!rooms.has(name)) {
    return;
  }
  const author = from?.id ?? "";
  const continues = rooms.get(name).last === author;
  append(name, message({ name: displayName(from), text, own: false, continues, at: new Date() }), author);
  if (name !== current || document.hidden) {
    rooms.get(name).unread += name === current ? 0 : 1;
    drawRooms();
  }
}

function say(text) {
  const name = current;
  const continues = rooms.get(name).last === "me";
  const node = message({ name: memory.name, text, own: true, continues, at: new Date() });
  append(name, node, "me");
  deliver(name, text, node);
}

async function deliver(name, text, node) {
  setMark(node, "pending");
  try {
    await chat.say(name, text);
    setMark(node, "ok");
  } catch (error) {
    setMark(node, "failed", { reason: error.message, retry: () => deliver(name, text, node) });
  }
}

// ---- what the server says ----

function updatePeople({ room: name, version, people }) {
  const room = rooms.get(name);
  if (!room || version < room.version) {
    return; // Lists are numbered: a slow one never replaces a newer one.
  }
  room.version = version;
  room.people = people;
  if (name === current) {
    drawPeople();
  }
}

const STATES = {
  online: "Connected",
  waiting: "Connecting…",
  closed: "Disconnected",
};

let connects = 0;
const reconnects = () => connects > 1;

function stateChanged({ state, detail, transport }) {
  byId("status").dataset.state = state;
  byId("state").textContent = connects > 0 && state === "waiting" ? "Reconnecting…" : STATES[state];
  byId("transport").hidden = state !== "online";
  byId("transport").textContent = transport ?? "";

  byId("banner").hidden = state === "online" || (state === "waiting" && connects === 0 && !detail);
  byId("reconnect").hidden = state !== "closed";
  byId("banner-text").textContent =
    state === "closed"
      ? `The server ended the connection${detail && detail !== "io server disconnect" ? `: ${detail}` : "."}`
      : "No connection. What you write now is sent as soon as it is back.";

  if (state === "online" && byId("app").dataset.socket !== chat.id()) {
    byId("app").dataset.socket = chat.id();
    connects += 1;
    refresh();
  }
}

/** After each connect the lists are asked for anew: a restarted server begins to number them from the start. */
function refresh() {
  for (const [name, room] of rooms) {
    room.version = -1;
    chat.who(name).then(updatePeople, () => {});
  }
}

// ---- forms and panels ----

function setName(name) {
  memory.name = name;
  byId("me-name").textContent = name;
  paintAvatar(byId("me-avatar"), name);
}

function askName() {
  byId("name").value = memory.name ?? "";
  byId("name-error").textContent = "";
  byId("welcome-submit").textContent = chat ? "Rename" : "Start chatting";
  byId("welcome").showModal();
  byId("name").select();
}

function closePanels() {
  for (const id of ["rooms", "people"]) {
    byId(`${id}-panel`).classList.remove("open");
    byId(`${id}-toggle`).setAttribute("aria-expanded", "false");
  }
  byId("app").classList.remove("panel-open");
}

function togglePanel(id) {
  const open = !byId(`${id}-panel`).classList.contains("open");
  closePanels();
  byId(`${id}-panel`).classList.toggle("open", open);
  byId(`${id}-toggle`).setAttribute("aria-expanded", `${open}`);
  byId("app").classList.toggle("panel-open", open);
}

byId("welcome-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = byId("name").value.trim().replace(/\s+/g, " ");
  if (!name) {
    return;
  }
  if (chat) {
    try {
      await chat.setName(name);
    } catch (error) {
      byId("name-error").textContent = error.message;
      return;
    }
  }
  setName(name);
  byId("welcome").close();
  start();
});

byId("welcome").addEventListener("cancel", (event) => {
  if (!chat) {
    event.preventDefault(); // There is nothing to go back to before a name is given.
  }
});

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("text");
  const text = field.value.trim();
  if (text) {
    say(text);
    field.value = "";
    field.style.height = "";
  }
  field.focus();
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("composer").requestSubmit();
  }
});

byId("text").addEventListener("input", ({ target }) => {
  target.style.height = "";
  target.style.height = `${Math.min(target.scrollHeight, 160)}px`;
});

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("join-room").value.trim().replace(/^#/, "").replace(/\s+/g, "-").toLowerCase();
  byId("join").reset();
  if (rooms.has(name)) {
    show(name);
  } else {
    join(name);
  }
});

byId("join-room").addEventListener("focus", async () => {
  const known = await chat?.rooms().catch(() => []);
  byId("known-rooms").replaceChildren(
    ...(known ?? [])
      .filter(({ room }) => !rooms.has(room))
      .map(({ room, people }) => element("option", { value: room }, `${people} there`)),
  );
});

byId("rename").addEventListener("click", askName);
byId("reconnect").addEventListener("click", () => chat.reconnect());
byId("rooms-toggle").addEventListener("click", () => togglePanel("rooms"));
byId("people-toggle").addEventListener("click", () => togglePanel("people"));
byId("scrim").addEventListener("click", closePanels);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    closePanels();
  }
});

// ---- start ----

function start() {
  if (chat) {
    return;
  }
  if (typeof window.io !== "function") {
    byId("banner").hidden = false;
    byId("banner-text").textContent = "The Socket.IO client is not installed beside the server: run `make chat`.";
    return;
  }
  const identity = () => ({ name: memory.name, rooms: memory.rooms });
  chat = connect(identity, {
    // The first report comes before `connect` has returned: it is shown once `chat` is there.
    state: (report) => queueMicrotask(() => stateChanged(report)),
    people: updatePeople,
    message: receive,
    system: (text) => append(LOBBY, notice(reconnects() ? "Connected again." : text), undefined),
  });
}

for (const room of [LOBBY, ...memory.rooms]) {
  openRoom(room);
}
show(LOBBY);
if (memory.name) {
  setName(memory.name);
  start();
} else {
  askName();
}
