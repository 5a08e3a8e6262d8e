// Headless Chromium, and the chat page as a person uses it.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

import { DEADLINE_MS } from "./wait.js";

/** How the page is told to use one transport only; without it the client begins with polling and upgrades. */
export const PAGE_QUERY = { polling: "?transport=polling", websocket: "?transport=websocket", upgrade: "" };

/** A browser; with arguments by which it trusts a certificate, it has QUIC too. */
export function launch(quic = ["--disable-quic"]) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...quic,
    ],
  });
}

/** Errors of WebTransport that the official client does not catch, where a session is not opened or has ended. */
export const UNCAUGHT = /Opening handshake failed|close\(\) is called while connecting|The session is closed|Connection lost/;

/** Options by which a page of a browser connects to a server with this certificate, of which it knows the hash. */
export function withCertificate(hash, options) {
  const value = new Uint8Array(Buffer.from(hash, "hex"));
  const webtransport = { serverCertificateHashes: [{ algorithm: "sha-256", value }] };
  return { ...options, transportOptions: { webtransport } };
}

/**
 * An empty browser window, closed at the end of the test, which fails if a script in it did. `now` stops its clock,
 * `clock` gives it one that the test can move on. `prepare` gets it before there is a page in it. Scripts may fail with
 * `errors`, a regular expression.
 */
export async function openWindow(t, browser, url, { now, clock, prepare, errors: expected, ...options } = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.setDefaultTimeout(DEADLINE_MS);
  await prepare?.(context);
  if (now) {
    await context.clock.setFixedTime(now);
  }
  if (clock) {
    await context.clock.install();
  }
  const errors = [];
  context.on("weberror", (error) => errors.push(error.error()));
  const page = await context.newPage();
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors.filter(({ message }) => !expected?.test(message)), []);
  });
  await page.goto(url);
  return page;
}

/** Another tab of the window in which a page is: it shares what the browser keeps. */
export async function openTab(page, url) {
  const tab = await page.context().newPage();
  await tab.goto(url);
  return tab;
}

/** Presses Escape again and again: the dialog comes back each time, with the focus in it. */
export async function staysOpen(page, dialog) {
  for (let times = 1; times <= 5; times += 1) {
    await page.keyboard.press("Escape");
    await page.waitForFunction((dialog) => {
      const node = document.querySelector(`${dialog}:modal`);
      return node?.contains(document.activeElement);
    }, dialog);
  }
}

/** One person at the chat page. */
export class Person {
  static async arrive(t, browser, url, name, { mode = "upgrade", ...options } = {}) {
    return Person.named(await openWindow(t, browser, url + PAGE_QUERY[mode], options), name);
  }

  /** Gives a name to a page that asks for one. */
  static async named(page, name) {
    const person = new Person();
    person.name = name;
    person.page = page;
    await person.page.fill("#name", name);
    await person.page.press("#name", "Enter");
    await person.isOnline();
    return person;
  }

  isOnline() {
    return this.page.waitForSelector('#status[data-state="online"]');
  }

  isOffline() {
    return this.page.waitForSelector('#status[data-state="waiting"]');
  }

  /** Waits for the transport that the page shows. */
  transport(name) {
    return this.page.locator("#transport", { hasText: name }).waitFor();
  }

  /** Writes a message, and returns its place in the log. */
  async say(text) {
    await this.page.fill("#text", text);
    await this.page.press("#text", "Enter");
    return this.message(text);
  }

  /** The message with this text in the room that is shown. */
  message(text) {
    return this.page.locator(".log:not([hidden]) .message", { hasText: text });
  }

  /** Waits for a message of somebody else. */
  async hears(author, text) {
    const message = this.message(text);
    await message.waitFor();
    assert.equal(await message.locator(".author").textContent(), author);
    assert.equal(await message.count(), 1, `"${text}" is there once`);
  }

  /** Says something and waits for the mark of its acknowledgement. */
  async isAnswered(text) {
    const message = await this.say(text);
    await message.and(this.page.locator('[data-ack="ok"]')).waitFor();
    assert.match(await message.locator(".mark").textContent(), /Delivered/);
    assert.equal(await message.count(), 1, `"${text}" is there once`);
  }

  /** Joins or opens a room. */
  async enter(room) {
    await this.page.fill("#join-room", room);
    await this.page.press("#join-room", "Enter");
    await this.page.locator("#room-title", { hasText: room }).waitFor();
  }

  async show(room) {
    await this.page.click(`button.room[data-room="${room}"]`);
  }

  /** Waits until the list of the people in the room reads so. */
  async sees(...names) {
    const expected = names.join("|");
    try {
      await this.page.waitForFunction((list) => {
        const found = [...document.querySelectorAll("#people .person-name")].map((node) => node.textContent);
        return found.join("|") === list;
      }, expected);
    } catch (error) {
      const found = await this.page.locator("#people .person-name").allTextContents();
      throw new Error(`${this.name} sees ${found.join("|")} and not ${expected}`, { cause: error });
    }
  }
}
