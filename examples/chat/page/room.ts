// One room on the page: its messages, who is there, and how much of it nobody has looked at yet.

import type { People, Person } from "./contract.js";
import { twins } from "./names.js";
import { message, notice, setMark, showTag } from "./view.js";
import { element } from "/shared/page.js";

/** So many lines a room keeps; the oldest go first. */
const MOST_LINES = 1000;

/** So near to the end, in pixels, a reader sees what arrives. */
const NEAR = 60;

export class Room {
  readonly log: HTMLOListElement;
  people: Person[] = [];
  version = -1;
  /** Messages that nobody has seen, since the reader was elsewhere, further up, or in another tab. */
  unread = 0;
  /** True if the newest line is to be kept in view. */
  atEnd = true;
  #twins = new Set<string>();
  /** The author of the last line. */
  #last: string | undefined;
  readonly #read: () => void;

  /** `read` is called when the unread messages have been seen. */
  constructor(name: string, read: () => void) {
    this.#read = read;
    this.log = element("ol", {
      class: "log",
      role: "log",
      tabindex: "0",
      "aria-label": `Messages in ${name}`,
      "data-room": name,
      hidden: true,
    });
    this.log.addEventListener("scroll", () => {
      this.atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
      this.look();
    });
  }

  show(isShown: boolean) {
    this.log.hidden = !isShown;
    if (isShown) {
      this.toEnd();
    }
  }

  toEnd() {
    this.atEnd = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.look();
  }

  /** The window has another size: who was at the end stays there. */
  resized() {
    if (this.atEnd) {
      this.toEnd();
    }
  }

  get #isSeen() {
    return !this.log.hidden && this.atEnd && !document.hidden;
  }

  /** Somebody looks at the page: what is in view is not unread any more. */
  look() {
    if (this.unread > 0 && this.#isSeen) {
      this.unread = 0;
      this.#read();
    }
  }

  // ---- lines ----

  #append(node: HTMLElement, author: string | undefined) {
    this.log.append(node);
    while (this.log.childElementCount > MOST_LINES) {
      this.log.firstElementChild?.remove();
    }
    this.#last = author;
    if (this.atEnd && !this.log.hidden) {
      this.log.scrollTop = this.log.scrollHeight;
    }
  }

  #message(author: string, { id, name, text, own }: { id?: string; name: string; text: string; own: boolean }) {
    const continues = this.#last === author;
    const before = continues ? this.log.querySelector<HTMLElement>(":scope > :last-child") : null;
    const node = message({ id, name, text, own, continues, at: new Date() });
    if (before && before.querySelector("time")?.textContent === node.querySelector("time")?.textContent) {
      before.dataset.continued = ""; // One time for all that was said in the same minute.
    }
    if (id !== undefined && this.#twins.has(id)) {
      showTag(node, id);
    }
    this.#append(node, author);
    return node;
  }

  /** A message of somebody else. */
  receive({ id, name, text }: { id?: string; name: string; text: string }) {
    this.#message(id ?? "", { id, name, text, own: false });
    if (!this.#isSeen) {
      this.unread += 1;
      this.#read();
    }
  }

  /** A message of this page. */
  say(text: string): HTMLElement {
    const node = this.#message("me", { name: "You", text, own: true });
    this.toEnd();
    return node;
  }

  notice(...content: (Node | string)[]) {
    this.#append(notice(...content), undefined);
  }

  /** A message has been delivered: its mark stands for all before it. */
  delivered(node: HTMLElement) {
    setMark(node, "ok");
    const delivered = [...this.log.querySelectorAll('.message[data-ack="ok"]:has(.mark:not(:empty))')];
    for (const older of delivered.slice(0, -1)) {
      older.querySelector(".mark")?.replaceChildren();
    }
  }

  // ---- people ----

  /** A list from the server; returns whether it is newer than the one that was known. */
  update({ version, people }: People): boolean {
    if (version < this.version) {
      return false; // Lists are numbered: a slow one never replaces a newer one.
    }
    const before = new Map(this.people.map(({ id, name }) => [id, name]));
    for (const { id, name } of people) {
      const old = before.get(id);
      if (old && name && old !== name) {
        this.notice(element("bdi", {}, old), " is now ", element("bdi", {}, name));
      }
    }
    this.version = version;
    this.people = people;
    this.#twins = twins(people);
    for (const id of this.#twins) {
      for (const node of this.log.querySelectorAll<HTMLElement>(`.message[data-author="${CSS.escape(id)}"]`)) {
        showTag(node, id);
      }
    }
    return true;
  }

  /** Returns true if somebody's name alone does not tell who it is. */
  hasTwin(id: string): boolean {
    return this.#twins.has(id);
  }
}
