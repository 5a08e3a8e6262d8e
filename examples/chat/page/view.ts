// Small pieces of the page: people, messages, rooms.

import type { Person } from "./contract.js";
import { avatar, element } from "/shared/page.js";

/** The name to show for somebody; a client that gave none is a guest. */
export function displayName(person: Person | null | undefined): string {
  return person?.name ?? (person?.id ? `Guest ${person.id.slice(0, 4)}` : "Guest");
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** The beginning of an id, which tells two people of the same name apart. */
function tag(id: string): HTMLElement {
  return element("span", { class: "tag" }, `#${id.slice(0, 4)}`);
}

/** A message. The text that somebody wrote is isolated, so that its direction ends with it. */
export function message({ id, name, text, own, continues, at }: {
  id?: string;
  name: string;
  text: string;
  own: boolean;
  continues: boolean;
  at: Date;
}): HTMLElement {
  const bubble = element("div", { class: "bubble", dir: "auto" }, text);
  const time = element("time", { datetime: at.toISOString() }, clock.format(at));
  const mark = own ? element("span", { class: "mark" }) : undefined;
  const body = element(
    "div",
    { class: "body" },
    element(
      "div",
      { class: own || continues ? "by visually-hidden" : "by" },
      element("bdi", { class: "author" }, name),
    ),
    bubble,
    element("p", { class: "meta" }, time, mark),
  );
  const node = element("li", { class: "message", "data-own": own, "data-author": id, "data-continues": continues });
  if (!own) {
    node.append(avatar(name));
  }
  node.append(body);
  return node;
}

/** Adds to a message's author what tells it from others of that name. */
export function showTag(node: HTMLElement, id: string): void {
  const by = node.querySelector(".by");
  if (!by?.querySelector(".tag")) {
    by?.append(tag(id));
  }
}

/**
 * Shows what is known about the acknowledgement of an own message: `pending`, `ok` or `failed`.
 *
 * A pending one may be one that `waits` for the connection; a failed one without a `reason` may have arrived.
 */
export function setMark(
  node: HTMLElement,
  ack: "pending" | "ok" | "failed",
  { waits, reason, retry }: { waits?: boolean; reason?: string; retry?: () => void } = {},
): void {
  node.dataset.ack = ack;
  const mark = node.querySelector(".mark");
  if (!mark) {
    return; // Not an own message.
  }
  mark.replaceChildren();
  if (ack === "pending") {
    mark.append(waits ? "Waiting for the connection…" : "Sending…");
  } else if (ack === "ok") {
    mark.append(element("span", { "aria-hidden": "true" }, "✓"), " Delivered");
  } else {
    const button = element("button", { type: "button", class: "text-button" }, "Send again");
    button.addEventListener("click", () => retry?.());
    mark.append(reason ? `Not delivered: ${reason}. ` : "No answer came. ", button);
  }
}

export function notice(...content: (Node | string)[]): HTMLElement {
  return element("li", { class: "notice" }, ...content);
}

export function person(someone: Person, { isMe, hasTwin }: { isMe: boolean; hasTwin: boolean }): HTMLElement {
  const name = displayName(someone);
  return element(
    "li",
    { "data-id": someone.id },
    avatar(name),
    element("div", { class: "who" }, element("bdi", { class: "person-name" }, name), hasTwin ? tag(someone.id) : undefined),
    isMe ? element("span", { class: "you" }, "you") : undefined,
  );
}

export function roomEntry({ room, current, unread, canLeave, onOpen, onLeave }: {
  room: string;
  current: boolean;
  unread: number;
  canLeave: boolean;
  onOpen: () => void;
  onLeave: () => void;
}): HTMLElement {
  const open = element(
    "button",
    { type: "button", class: "room", "aria-current": current ? "true" : undefined, "data-room": room },
    element("span", { class: "hash", "aria-hidden": "true" }, "#"),
    element("span", { class: "room-name" }, room),
  );
  if (unread > 0) {
    const count = unread > 99 ? "99+" : `${unread}`;
    open.append(element("span", { class: "unread" }, count, element("span", { class: "visually-hidden" }, " unread")));
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
