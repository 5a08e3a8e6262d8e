// The page: a list of users, one conversation with each, and what of it is unread.

import { ask, avatar, byId, element, keepOpen, paintAvatar, showStatus } from "/shared/page.js";

/** All tabs of this browser are the same user: they share the session. */
const memory = {
  get session() {
    return localStorage.getItem("session") ?? undefined;
  },
  set session(session) {
    if (session) {
      localStorage.setItem("session", session);
    } else {
      localStorage.removeItem("session");
    }
  },
};

const socket = window.io("/messages", {
  autoConnect: false,
  // Asked before every connect: a lost connection comes back as the same user.
  auth: (send) => send(memory.session ? { session: memory.session } : { name: byId("name").value }),
});
showStatus(socket);

let me; // this user's id
let people = []; // everybody else
let version = -1;
let reader; // the id of the user whose conversation is shown
/** user id → { messages, unread } */
const conversations = new Map();

function conversation(id) {
  if (!conversations.has(id)) {
    conversations.set(id, { messages: [], unread: 0 });
  }
  return conversations.get(id);
}

// ---- what the server says ----

socket.on("welcome", ({ id, session }) => {
  me = id;
  version = -1; // A restarted server counts from the start.
  memory.session = session;
  byId("login").close();
});

socket.on("people", (list) => {
  if (list.version < version) {
    return; // Lists are numbered: a slow one never replaces a newer one.
  }
  version = list.version;
  const myself = list.people.find((user) => user.id === me);
  people = list.people.filter((user) => user !== myself);
  byId("me-name").textContent = myself?.name ?? "";
  paintAvatar(byId("me-avatar"), myself?.name ?? "");
  draw();
});

socket.on("private_message", receive);

socket.on("connect_error", (error) => {
  if (!error.data?.code) {
    return; // No answer from the server: the client tries again.
  }
  // The code says what to do, the message is for people.
  if (error.data.code === "unknown_session") {
    memory.session = undefined;
  }
  askName(error.data.code === "unknown_session" ? "" : (error.data.detail ?? error.message));
});

socket.on("disconnect", (reason) => {
  if (reason === "io server disconnect") {
    memory.session = undefined; // Logged out, here or in another tab.
    conversations.clear();
    show(undefined);
    askName("");
  }
});

// ---- conversations ----

function receive(message) {
  const other = message.from === me ? message.to : message.from;
  const { messages } = conversation(other);
  messages.push(message);
  if (other !== reader || document.hidden) {
    conversation(other).unread += message.from === me ? 0 : 1;
  }
  draw();
}

async function write(text) {
  byId("error").textContent = "";
  try {
    receive(await ask(socket, "private_message", { to: reader, text }));
    byId("text").value = "";
  } catch (error) {
    byId("error").textContent = error.message;
  }
}

function show(id) {
  reader = id;
  byId("error").textContent = "";
  markRead();
  draw();
}

function markRead() {
  if (reader && !document.hidden) {
    conversation(reader).unread = 0;
  }
}

// ---- drawing ----

function draw() {
  const sorted = people.toSorted((a, b) => b.online - a.online || a.name.localeCompare(b.name));
  byId("people").replaceChildren(...sorted.map((user) => element("li", {}, userButton(user))));

  const unread = [...conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
  document.title = unread > 0 ? `(${unread}) Private messages` : "Private messages";

  const name = people.find((user) => user.id === reader)?.name;
  byId("reader").textContent = name ?? "Whom do you want to write to?";
  byId("composer").hidden = name === undefined;
  byId("app").toggleAttribute("data-talking", name !== undefined);

  const messages = reader ? conversation(reader).messages : [];
  byId("log").replaceChildren(
    ...messages.map(({ from, text }) => element("li", { class: "message", dir: "auto", "data-own": from === me }, text)),
  );
  byId("log").scrollTop = byId("log").scrollHeight;
}

function userButton(user) {
  const { unread } = conversation(user.id);
  const button = element(
    "button",
    { type: "button", class: "user", "data-online": `${user.online}`, "aria-current": user.id === reader ? "true" : undefined },
    avatar(user.name),
    element("bdi", { class: "user-name" }, user.name),
    user.online ? undefined : element("span", { class: "away" }, "away"),
    unread > 0 ? element("span", { class: "unread", "aria-label": `${unread} unread` }, `${unread}`) : undefined,
  );
  button.addEventListener("click", () => {
    show(user.id);
    byId("text").focus();
  });
  return button;
}

function askName(error) {
  byId("login-error").textContent = error;
  if (!byId("login").open) {
    byId("login").showModal();
  }
  byId("name").select();
}

// ---- what the user does ----

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault(); // It is closed when the server says welcome.
  socket.connect();
});
keepOpen(byId("login"), () => !socket.connected);

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value.trim();
  if (text) {
    write(text);
  }
});

byId("back").addEventListener("click", () => show(undefined));
byId("log-out").addEventListener("click", () => socket.emit("log_out"));
document.addEventListener("visibilitychange", () => {
  markRead();
  draw();
});

if (memory.session) {
  socket.connect();
} else {
  askName("");
}
