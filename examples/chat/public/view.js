// Small pieces of the page: people, messages, rooms.

import { avatar, element } from "/shared/page.js";

/** The name to show for somebody; a client that gave none is a guest. */
export function displayName(person) {
  return person?.name ?? (person?.id ? `Guest ${person.id.slice(0, 4)}` : "Guest");
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** A message; `ack` is undefined for what others wrote. */
export function message({ name, text, own, continues, at }) {
  const bubble = element("div", { class: "bubble" }, text);
  const time = element("time", { datetime: at.toISOString() }, clock.format(at));
  const mark = own ? element("span", { class: "mark" }) : undefined;
  const body = element(
    "div",
    { class: "body" },
    element("p", { class: own || continues ? "author visually-hidden" : "author" }, own ? "You" : name),
    bubble,
    element("p", { class: "meta" }, time, mark),
  );
  const node = element("li", { class: "message", "data-own": own, "data-continues": continues });
  if (!own) {
    node.append(avatar(name));
  }
  node.append(body);
  return node;
}

/** Shows what is known about the acknowledgement of an own message: `pending`, `ok` or `failed`. */
export function setMark(node, ack, { reason, retry } = {}) {
  node.dataset.ack = ack;
  const mark = node.querySelector(".mark");
  mark.replaceChildren();
  mark.removeAttribute("title");
  if (ack === "pending") {
    mark.append("Sending…");
  } else if (ack === "ok") {
    mark.append(element("span", { "aria-hidden": "true" }, "✓"), " Delivered");
  } else {
    mark.title = reason ?? "";
    const button = element("button", { type: "button", class: "text-button" }, "Send again");
    button.addEventListener("click", retry);
    mark.append(element("span", {}, "Not delivered. "), button);
  }
}

export function notice(text) {
  return element("li", { class: "notice" }, text);
}

export function person(someone, isMe) {
  const name = displayName(someone);
  return element(
    "li",
    { "data-id": someone.id },
    avatar(name),
    element("span", { class: "person-name" }, name),
    isMe ? element("span", { class: "you" }, "you") : undefined,
  );
}

export function roomEntry({ room, current, unread, canLeave, onOpen, onLeave }) {
  const open = element(
    "button",
    { type: "button", class: "room", "aria-current": current ? "true" : undefined, "data-room": room },
    element("span", { class: "hash", "aria-hidden": "true" }, "#"),
    element("span", { class: "room-name" }, room),
  );
  if (unread > 0) {
    open.append(element("span", { class: "unread", "aria-label": `${unread} unread` }, unread > 99 ? "99+" : `${unread}`));
  }
  open.addEventListener("click", onOpen);
  const entry = element("li", {}, open);
  if (canLeave) {
    const leave = element("button", { type: "button", class: "leave", "aria-label": `Leave ${room}`, title: "Leave" }, "×");
    leave.addEventListener("click", onLeave);
    entry.append(leave);
  }
  return entry;
}
