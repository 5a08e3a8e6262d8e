// The page: shows who is here, and tells now and then that somebody is at it.

import { avatar, byId, element, keepOpen, showStatus } from "/shared/page.js";

/** Activity is told no more often than this. */
const TELL_EVERY_MS = 1_000;

/** All tabs of this browser are the same person. */
const memory = {
  get login() {
    return JSON.parse(localStorage.getItem("login") ?? "null");
  },
  set login(login) {
    localStorage.setItem("login", JSON.stringify(login));
  },
};

const socket = window.io("/presence", { autoConnect: false, auth: (send) => send(memory.login) });
showStatus(socket);

let members = { version: -1, people: [] };
let receivedAt = 0;
let overview = { version: -1, online: {} };

// ---- what the server says ----

socket.on("connect", () => {
  byId("login").close();
  byId("me").textContent = `You are ${memory.login.name}.`;
  members.version = -1; // A restarted server counts from the start.
  overview.version = -1;
});

socket.on("connect_error", (error) => {
  if (error.data?.code) {
    ask(error.data.detail ?? error.message); // Else there is no answer, and the client tries again.
  }
});

socket.on("team", (list) => {
  if (list.version >= members.version) {
    members = list;
    receivedAt = Date.now();
    draw();
  }
});

socket.on("teams", (numbers) => {
  if (numbers.version >= overview.version) {
    overview = numbers;
    draw();
  }
});

// ---- drawing ----

const ORDER = ["online", "away", "offline"];
const TITLES = { design: "Design", engineering: "Engineering", support: "Support" };

function draw() {
  const myTeam = memory.login.team;
  byId("team-name").textContent = TITLES[myTeam];
  byId("teams").replaceChildren(
    ...Object.entries(overview.online).map(([team, count]) =>
      element(
        "li",
        { "data-team": team, "aria-current": team === myTeam ? "true" : undefined },
        element("strong", {}, `${count}`),
        TITLES[team],
      ),
    ),
  );
  const sorted = members.people.toSorted(
    (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || a.name.localeCompare(b.name),
  );
  byId("people").replaceChildren(...sorted.map(person));
}

function person({ name, status, seconds }) {
  const since = ago(seconds + (Date.now() - receivedAt) / 1000);
  const text = { online: "online", away: `away for ${since}`, offline: `last seen ${since} ago` }[status];
  return element(
    "li",
    { "data-status": status },
    element("span", { class: "portrait" }, avatar(name)),
    element("bdi", { class: "name" }, name),
    element("span", { class: "since" }, text),
  );
}

function ago(seconds) {
  if (seconds < 60) {
    return "less than a minute";
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

setInterval(() => socket.connected && draw(), 20_000);

// ---- what the user does ----

let lastTold = 0;

function tell() {
  if (socket.connected && Date.now() - lastTold >= TELL_EVERY_MS) {
    lastTold = Date.now();
    socket.volatile.emit("active");
  }
}

for (const event of ["pointerdown", "pointermove", "keydown", "wheel"]) {
  document.addEventListener(event, tell, { passive: true });
}
document.addEventListener("visibilitychange", () => document.hidden || tell());

function ask(error = "") {
  byId("login-error").textContent = error;
  byId("name").value = memory.login?.name ?? "";
  byId("team").value = memory.login?.team ?? "design";
  if (!byId("login").open) {
    byId("login").showModal();
  }
  byId("name").select();
}

byId("change").addEventListener("click", () => ask());
keepOpen(byId("login"), () => !socket.connected);
byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault(); // It is closed when the server has let this tab in.
  memory.login = { name: byId("name").value, team: byId("team").value };
  socket.disconnect().connect();
});

if (memory.login) {
  socket.connect();
} else {
  ask();
}
