// The page: logs in over HTTP, and is then that of a guest or of the staff.

import { byId, keepOpen, showStatus } from "/shared/page.js";
import { startGuest } from "./guest.js";
import { startStaff } from "./staff.js";

const TITLES = { guest: "", barista: ", at the counter", manager: ", the manager" };

/** Each tab is somebody else, so that one can be at both sides of the counter. */
const memory = {
  get login() {
    return JSON.parse(sessionStorage.getItem("login") ?? "null");
  },
  set login(login) {
    sessionStorage.setItem("login", JSON.stringify(login));
  },
};

/** Makes a request with the token; a refusal becomes an error with the server's words. */
async function request(method, path, body) {
  const headers = { "content-type": "application/json", authorization: `Bearer ${memory.login?.token}` };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(await answer.text());
  }
  return answer.json();
}

function enter({ name, role, token }) {
  const isGuest = role === "guest";
  const socket = window.io(isGuest ? "/guest" : "/admin", { auth: { token } });
  showStatus(socket);
  socket.on("auth_expired", leave);
  socket.on("connect_error", (error) => error.data?.code === "invalid_token" && leave());
  (isGuest ? startGuest : startStaff)({ socket, request, role, attempt });
  byId("me").textContent = `You are ${name}${TITLES[role]}.`;
  byId("log-out").hidden = false;
  byId(isGuest ? "guest" : "staff").hidden = false;
}

/** Forgets the login. The page begins anew, and asks for another one. */
function leave() {
  memory.login = null;
  location.reload();
}

/** Does something, and shows why it was not done. */
async function attempt(action) {
  byId("error").textContent = "";
  try {
    await action();
  } catch (error) {
    byId("error").textContent = error.message;
  }
}

byId("log-out").addEventListener("click", leave);
keepOpen(byId("login"), () => !memory.login);
byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = byId("name").value;
  try {
    memory.login = { name, ...(await request("POST", "/login", { name, password: byId("password").value })) };
  } catch (error) {
    byId("login-error").textContent = error.message;
    return;
  }
  byId("login").close();
  enter(memory.login);
});

if (memory.login) {
  enter(memory.login);
} else {
  byId("login").showModal();
}
