// The functions that the pages of all examples share. Text only ever enters through `textContent`.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `element("li", { class: "message" }, child, "text")`. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

/** One of 360 hues, always the same for the same name. */
export function hue(name) {
  let hash = 0;
  for (const character of name) {
    hash = (hash * 31 + character.codePointAt(0)) % 360;
  }
  return hash;
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** Keeps a dialog open as long as `isNeeded()`. A browser lets a page keep off one Escape; the second one closes. */
export function keepOpen(dialog, isNeeded) {
  dialog.addEventListener("cancel", (event) => isNeeded() && event.preventDefault());
  dialog.addEventListener("close", () => isNeeded() && !dialog.open && dialog.showModal());
}

export function paintAvatar(node, name) {
  node.textContent = initials(name);
  node.style.setProperty("--hue", hue(name));
}

export function avatar(name) {
  const node = element("span", { class: "avatar", "aria-hidden": "true" });
  paintAvatar(node, name);
  return node;
}

/** How long an event may stay without its acknowledgement. */
const ACK_TIMEOUT_MS = 15_000;

/** Sends an event and resolves with its acknowledgement; an error answer becomes a rejection with its `code`. */
export async function ask(socket, event, ...args) {
  const answer = await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, ...args);
  if (answer?.status === "error") {
    // `detail` says what does not fit.
    throw Object.assign(new Error(answer.detail ?? answer.message), { code: answer.code });
  }
  return answer;
}

/** Shows in the bar whether the socket is connected. */
export function showStatus(socket) {
  const show = (state, text) => {
    byId("status").dataset.state = state;
    byId("state").textContent = text;
  };
  // After a refusal, or when the server has ended the connection, the client does not try again by itself.
  const showAbsence = (trying, resting) => (socket.active ? show("waiting", trying) : show("closed", resting));
  showAbsence("Connecting…", "Not connected");
  socket.on("connect", () => show("online", "Connected"));
  socket.on("disconnect", () => showAbsence("Reconnecting…", "Disconnected"));
  socket.on("connect_error", () => showAbsence("Reconnecting…", "Refused"));
}
