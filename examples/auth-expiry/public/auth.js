// The page: logs in over HTTP, and keeps a socket open with tokens that are valid for a short time only.

import { ask, byId, element, keepOpen, showStatus } from "/shared/page.js";

/** How long to wait before another try, when the server does not take the token. */
const RETRY_MS = 1_000;

// ANCHOR: auth
const socket = window.io("/account", {
  autoConnect: false,
  // Asked before every connect, so that each begins with a fresh token.
  auth: async (send) => {
    try {
      send(await freshAccess());
    } catch (error) {
      socket.disconnect();
      askPassword(error.message);
    }
  },
});
// ANCHOR_END: auth
showStatus(socket);

// ---- over HTTP ----

function post(path, body) {
  const headers = { "content-type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body ?? null) });
}

/** `{ token }`. The cookie that says who is asking is sent along by the browser; this script cannot read it. */
async function freshAccess() {
  const answer = await post("/token");
  if (!answer.ok) {
    throw new Error(answer.status === 401 ? "" : "The server gives no token.");
  }
  return answer.json();
}

// ---- over the socket ----

socket.on("welcome", (validity) => {
  byId("login").close();
  log("Connected with a fresh token.");
  setValidity(validity);
});

socket.on("auth_expiring", async (seconds) => {
  log(`The token runs out in ${seconds} s.`);
  if (byId("renew").checked) {
    try {
      setValidity(await ask(socket, "reauth", await freshAccess()));
      log("Renewed.");
    } catch (error) {
      log(`Not renewed: ${error.message}`); // When it has run out, a new connection begins with a fresh one.
    }
  }
});

// ANCHOR: again
socket.on("disconnect", (reason) => {
  validUntil = undefined;
  if (reason === "io server disconnect") {
    log("The token has run out: disconnected.");
    // The client does not reconnect by itself when the server has ended the connection.
    socket.connect();
  }
});
// ANCHOR_END: again

socket.on("connect_error", (error) => {
  if (error.data?.code) {
    log(`Refused: ${error.message}`);
    setTimeout(() => socket.connect(), RETRY_MS);
  }
});

// ---- drawing ----

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MAX_LINES = 50;

function log(text) {
  byId("log").prepend(element("li", {}, element("time", {}, clock.format(new Date())), text));
  byId("log").children[MAX_LINES]?.remove();
}

let validUntil;

function setValidity({ user, seconds }) {
  byId("user").textContent = user;
  byId("left").max = seconds;
  byId("left").low = seconds / 3;
  validUntil = Date.now() + seconds * 1000;
  drawLeft();
}

function drawLeft() {
  const seconds = validUntil ? Math.max(Math.round((validUntil - Date.now()) / 1000), 0) : 0;
  byId("left").value = seconds;
  byId("left-text").textContent = validUntil ? `The token is valid for ${seconds} s` : "No token";
}

setInterval(drawLeft, 250);

// ---- what the user does ----

function askPassword(error) {
  byId("login-error").textContent = error;
  if (!byId("login").open) {
    byId("login").showModal();
  }
}

keepOpen(byId("login"), () => !socket.connected);
byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault(); // It is closed when the socket is connected.
  const answer = await post("/login", { name: byId("name").value, password: byId("password").value });
  if (answer.ok) {
    byId("password").value = "";
    socket.connect();
  } else {
    askPassword(answer.status === 401 ? "This is not the password." : "This name cannot be used.");
  }
});

byId("log-out").addEventListener("click", async () => {
  await post("/logout");
  socket.disconnect();
  byId("user").textContent = "…";
  askPassword("");
});

socket.connect();
