// The page: puts together what the server says (connection.js) and what is on the screen (view.js).

import { LOBBY, Refusal, connect } from "./connection.js";
import type { Connection, Message, Report } from "./connection.js";
import type { People } from "./contract.js";
import { Room } from "./room.js";
import { displayName, person, roomEntry, setMark } from "./view.js";
import { byId, element, keepOpen, paintAvatar } from "/shared/page.js";

/** Each browser tab is its own person; it remembers its name, its rooms and the open one over a reload. */
const memory = {
  get name(): string | undefined {
    return sessionStorage.getItem("name") ?? undefined;
  },
  set name(name: string) {
    sessionStorage.setItem("name", name);
  },
  get rooms(): string[] {
    return JSON.parse(sessionStorage.getItem("rooms") ?? "[]");
  },
  set rooms(rooms: string[]) {
    sessionStorage.setItem("rooms", JSON.stringify(rooms));
  },
  get current(): string {
    return sessionStorage.getItem("current") ?? LOBBY;
  },
  set current(room: string) {
    sessionStorage.setItem("current", room);
  },
};

const rooms = new Map<string, Room>();
let current = LOBBY;
let chat: Connection | undefined;

// ---- rooms ----

function openRoom(name: string): Room {
  let room = rooms.get(name);
  if (!room) {
    room = new Room(name, drawRooms);
    rooms.set(name, room);
    byId("logs").append(room.log);
  }
  return room;
}

function closeRoom(name: string) {
  rooms.get(name)?.log.remove();
  rooms.delete(name);
}

function rememberRooms() {
  memory.rooms = [...rooms.keys()].filter((name) => name !== LOBBY);
}

function show(name: string) {
  current = name;
  memory.current = name;
  for (const [key, room] of rooms) {
    room.show(key === name);
  }
  byId("room-title").textContent = name;
  byId<HTMLTextAreaElement>("text").placeholder = `Message #${name}`;
  byId("join-error").textContent = "";
  drawRooms();
  drawPeople();
  byId("rooms").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  closePanels();
}

function drawRooms() {
  const list = byId("rooms");
  const focused = list.querySelector<HTMLElement>(":focus")?.dataset.room;
  list.replaceChildren(
    ...[...rooms].map(([room, { unread }]) =>
      roomEntry({
        room,
        unread: room === current ? 0 : unread,
        current: room === current,
        canLeave: room !== LOBBY,
        onOpen: () => show(room),
        onLeave: () => leave(room),
      }),
    ),
  );
  if (focused) {
    list.querySelector<HTMLElement>(`[data-room="${CSS.escape(focused)}"]`)?.focus();
  }
  drawUnread();
}

/** Shows how much nobody has seen yet: a number in the title, a point on the button of the rooms, and one below the messages. */
function drawUnread() {
  const all = [...rooms.values()].reduce((sum, { unread }) => sum + unread, 0);
  const { unread: here, atEnd } = openRoom(current);
  document.title = all > 0 ? `(${all}) sio chat` : "sio chat";
  byId("unread-elsewhere").hidden = all === here;
  byId("newer").hidden = here === 0 || atEnd;
  byId("newer-text").textContent = here === 1 ? "1 new message" : `${here} new messages`;
}

function drawPeople() {
  const room = openRoom(current);
  const me = chat?.id();
  const sorted = room.people.toSorted(
    (a, b) => Number(b.id === me) - Number(a.id === me) || displayName(a).localeCompare(displayName(b)),
  );
  byId("people").replaceChildren(
    ...sorted.map((someone) => person(someone, { isMe: someone.id === me, hasTwin: room.hasTwin(someone.id) })),
  );
  byId("people-count").textContent = `${sorted.length}`;
  byId("people-badge").textContent = `${sorted.length}`;
}

async function join(name: string) {
  if (!chat?.isOnline()) {
    byId("join-error").textContent = "There is no connection now.";
    return;
  }
  byId<HTMLFormElement>("join").reset();
  byId("join-error").textContent = "";
  openRoom(name); // Before the answer, so that no list or message of this room finds it missing.
  try {
    updatePeople(await chat.join(name));
    rememberRooms();
    show(name);
    byId("text").focus();
  } catch (error) {
    closeRoom(name);
    byId("join-error").textContent = reason(error);
  }
}

async function leave(name: string) {
  closeRoom(name);
  rememberRooms();
  show(current === name ? LOBBY : current);
  byId("text").focus();
  if (chat?.isOnline()) {
    await chat.leave(name).catch(() => {}); // The next connect does not ask for this room any more.
  }
}

/** The text of an exception. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}

// ---- messages ----

function receive({ text, room, from, own }: Message) {
  // A message of this page is on the screen already, and its mark follows the acknowledgement.
  if (!own) {
    rooms.get(room)?.receive({ id: from?.id, name: displayName(from), text });
  }
}

function say(chat: Connection, text: string) {
  const node = openRoom(current).say(text);
  deliver(chat, current, text, node);
}

async function deliver(chat: Connection, name: string, text: string, node: HTMLElement) {
  setMark(node, "pending", { waits: !chat.isOnline() });
  try {
    await chat.say(name, text);
    rooms.get(name)?.delivered(node);
  } catch (error) {
    // Without a code the server has not answered: the message may have arrived.
    const reason = error instanceof Refusal ? error.message : undefined;
    setMark(node, "failed", { reason, retry: () => deliver(chat, name, text, node) });
  }
}

// ---- what the server says ----

function updatePeople(list: People) {
  const own = list.people.find(({ id }) => id === chat?.id());
  if (own?.name && own.name !== memory.name) {
    setName(own.name);
  }
  if (rooms.get(list.room)?.update(list) && list.room === current) {
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

function stateChanged(chat: Connection, { state, detail, code, node, transport }: Report) {
  byId("status").dataset.state = state;
  byId("state").textContent = connects > 0 && state === "waiting" ? "Reconnecting…" : STATES[state];
  byId("transport").hidden = state !== "online";
  byId("transport").textContent = transport ?? "";
  byId("node").hidden = state !== "online" || node === undefined;
  byId("node").textContent = node === undefined ? "" : `node ${node}`;

  byId("banner").hidden = state === "online" || (state === "waiting" && connects === 0 && !detail);
  byId("reconnect").hidden = state !== "closed";
  byId("banner-text").textContent =
    state === "closed"
      ? `The server ended the connection${detail && detail !== "io server disconnect" ? `: ${detail}` : ""}. What you write waits.`
      : "No connection. What you write is sent as soon as it is back.";

  if (code === "invalid_auth") {
    askName(detail); // The only thing in it that somebody chose.
  }

  const id = chat.id();
  if (state === "online" && id !== undefined && byId("app").dataset.socket !== id) {
    byId("app").dataset.socket = id;
    connects += 1;
    refresh(chat);
  }
}

/** After each connect the lists are asked for anew: a restarted server begins to number them from the start. */
function refresh(chat: Connection) {
  for (const [name, room] of rooms) {
    room.version = -1;
    chat.who(name).then(updatePeople, () => {});
  }
}

// ---- forms and panels ----

function setName(name: string) {
  memory.name = name;
  byId("me-name").textContent = name;
  paintAvatar(byId("me-avatar"), name);
}

const welcome = byId<HTMLDialogElement>("welcome");

/** True while the page can do nothing before somebody has given a name. */
let needsName = false;

/** Opens the dialog, with the reason if a name has been refused. */
function askName(error = "") {
  needsName = !chat || error !== "";
  byId<HTMLInputElement>("name").value = memory.name ?? "";
  byId("welcome-submit").textContent = needsName ? "Start chatting" : "Rename";
  byId("welcome-cancel").hidden = needsName;
  if (!welcome.open) {
    welcome.showModal();
  }
  refuseName(error);
}

function refuseName(error: string) {
  byId("name-error").textContent = error;
  const field = byId<HTMLInputElement>("name");
  field.setAttribute("aria-invalid", `${error !== ""}`);
  field.focus();
  field.select();
}

function closePanels() {
  for (const id of ["rooms", "people"]) {
    byId(`${id}-panel`).classList.remove("open");
    byId(`${id}-toggle`).setAttribute("aria-expanded", "false");
  }
  byId("app").classList.remove("panel-open");
}

function togglePanel(id: "rooms" | "people") {
  const open = !byId(`${id}-panel`).classList.contains("open");
  closePanels();
  byId(`${id}-panel`).classList.toggle("open", open);
  byId(`${id}-toggle`).setAttribute("aria-expanded", `${open}`);
  byId("app").classList.toggle("panel-open", open);
}

byId("welcome-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = byId<HTMLInputElement>("name").value.trim();
  // The server takes out of a name what cannot be seen, and the list of people brings it back.
  if (!/[^\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Co}\u2800]/u.test(name)) {
    refuseName("Please use something that others can see.");
    return;
  }
  if (chat?.isOnline()) {
    try {
      setName((await chat.setName(name)).name);
    } catch (error) {
      refuseName(reason(error));
      return;
    }
    welcome.close(); // The focus goes back to where it was.
    return;
  }
  // Without a connection the next one begins with this name; one that is just being made is told of it afterwards.
  setName(name);
  needsName = false;
  welcome.close();
  byId("text").focus();
  if (chat) {
    chat.setName(name).catch((error: unknown) => askName(reason(error)));
    chat.reconnect();
  }
  start();
});

byId("welcome-cancel").addEventListener("click", () => welcome.close());

keepOpen(welcome, () => needsName);

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId<HTMLTextAreaElement>("text");
  const text = field.value.trim();
  if (text && chat) {
    say(chat, text);
    field.value = "";
    field.style.height = "";
  }
  field.focus();
});

byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId<HTMLFormElement>("composer").requestSubmit();
  }
});

byId("text").addEventListener("input", () => {
  const field = byId("text");
  field.style.height = "";
  field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
});

byId("join").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId<HTMLInputElement>("join-room").value.trim().replace(/^#/, "").replace(/\s+/g, "-").toLowerCase();
  if (rooms.has(name)) {
    byId<HTMLFormElement>("join").reset();
    show(name);
  } else {
    join(name);
  }
});

byId("join-room").addEventListener("focus", async () => {
  const known = chat?.isOnline() ? await chat.rooms().catch(() => []) : [];
  byId("known-rooms").replaceChildren(
    ...known
      .filter(({ room }) => !rooms.has(room))
      .map(({ room, people }) => element("option", { value: room }, `${people} there`)),
  );
});

byId("rename").addEventListener("click", () => askName());
byId("newer").addEventListener("click", () => {
  openRoom(current).toEnd();
  openRoom(current).log.focus({ preventScroll: true });
});
document.addEventListener("visibilitychange", () => openRoom(current).look());
new ResizeObserver(() => openRoom(current).resized()).observe(byId("logs"));
byId("reconnect").addEventListener("click", () => chat?.reconnect());
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
  const { io } = window;
  if (!io) {
    byId("banner").hidden = false;
    byId("banner-text").textContent = "The Socket.IO client is not installed beside the server: run `make chat`.";
    return;
  }
  const identity = () => ({ name: memory.name, rooms: memory.rooms });
  const connection = connect(io, identity, {
    // The first report comes before `connect` has returned: it is shown afterwards.
    state: (report) => queueMicrotask(() => stateChanged(connection, report)),
    people: updatePeople,
    message: receive,
    system: (text) => openRoom(LOBBY).notice(reconnects() ? "Connected again." : text),
  });
  chat = connection;
}

for (const room of [LOBBY, ...memory.rooms]) {
  openRoom(room);
}
show(rooms.has(memory.current) ? memory.current : LOBBY);
if (memory.name) {
  setName(memory.name);
  start();
} else {
  askName();
}
