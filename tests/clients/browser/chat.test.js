// The chat page in Chromium, as two and three people use it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { PAGE_QUERY, Person, launch, openWindow } from "../support/browser.js";
import { startChat } from "../support/servers.js";

let browser;
let chat;

before(async () => {
  browser = await launch();
  chat = await startChat();
});

after(async () => {
  await browser?.close();
  await chat?.stop();
});

const arrive = (t, name, options) => Person.arrive(t, browser, chat.url, name, options);

for (const mode of Object.keys(PAGE_QUERY)) {
  describe(`page: ${mode}`, () => {
    test("two pages talk to each other, and the mark of the acknowledgement appears", async (t) => {
      const ada = await arrive(t, "Ada", { mode });
      const bob = await arrive(t, "Bob", { mode });
      const expected = mode === "polling" ? "polling" : "websocket";
      await ada.transport(expected);
      await bob.transport(expected);

      await ada.isAnswered("hello from Ada");
      await bob.hears("Ada", "hello from Ada");
      await bob.isAnswered("hello from Bob");
      await ada.hears("Bob", "hello from Bob");
    });

    test("the snippet of the documents works: manager on / and then /chat", async (t) => {
      const page = await openWindow(t, browser, chat.url);
      const transports = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] }[mode];
      const [system, message, ack] = await page.evaluate(
        (transports) =>
          new Promise((resolve, reject) => {
            const socket = window.io(location.origin, { path: "/socket.io", transports });
            const chat = socket.io.socket("/chat");
            const seen = [];
            chat.on("connect_error", reject);
            chat.on("system_message", (payload) => seen.push(payload.text));
            chat.on("chat_message", (payload) => seen.push(payload));
            chat.emit("chat_message", { text: "Hello" }, (ack) => resolve([...seen, ack]));
          }),
        transports,
      );
      assert.deepEqual([system, message, ack], ["Welcome!", { text: "Hello" }, { status: "ok" }]);
    });
  });
}

test("the documents' order of transports works as well", async (t) => {
  const page = await openWindow(t, browser, chat.url);
  const ack = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const socket = window.io(location.origin, { path: "/socket.io", transports: ["websocket", "polling"] });
        socket.io.socket("/chat").emit("chat_message", { text: "Hello" }, resolve);
      }),
  );
  assert.deepEqual(ack, { status: "ok" });
});

test("what is said in a room stays there, and other rooms show that something is new", async (t) => {
  const [ada, bob, eve] = [await arrive(t, "Ada"), await arrive(t, "Bob"), await arrive(t, "Eve")];
  await ada.enter("garden");
  await bob.enter("garden");
  await ada.isAnswered("roses");
  await bob.hears("Ada", "roses");

  await bob.show("lobby");
  await ada.isAnswered("tulips");
  await bob.page.locator('button.room[data-room="garden"] .unread', { hasText: "1" }).waitFor();
  assert.equal(await bob.message("tulips").count(), 0);
  await bob.show("garden");
  await bob.hears("Ada", "tulips");
  assert.equal(await bob.page.locator(".unread").count(), 0);

  // A message in the lobby comes after everything that Eve could have heard before.
  await bob.show("lobby");
  await bob.isAnswered("in the lobby");
  await eve.hears("Bob", "in the lobby");
  assert.equal(await eve.page.locator(".message", { hasText: /roses|tulips/ }).count(), 0);

  await ada.page.click('button[aria-label="Leave garden"]');
  await bob.show("garden");
  await bob.sees("Bob");
});

test("who is there follows those who come, change their name and go", async (t) => {
  const [ada, bob] = [await arrive(t, "Ada"), await arrive(t, "Bob")];
  await ada.enter("hall");
  await ada.sees("Ada");
  await bob.enter("hall");
  await ada.sees("Ada", "Bob");
  await bob.sees("Bob", "Ada");

  await bob.page.click("#rename");
  await bob.page.fill("#name", "Robert");
  await bob.page.press("#name", "Enter");
  await ada.sees("Ada", "Robert");
  await bob.page.locator("#me-name", { hasText: "Robert" }).waitFor();

  await bob.page.close();
  await ada.sees("Ada");
});

test("a reload keeps name and rooms, and the one that is open", async (t) => {
  const [ada, bob] = [await arrive(t, "Ada"), await arrive(t, "Bob")];
  await ada.enter("attic");
  await bob.enter("attic");
  await bob.enter("loft");
  await bob.show("attic");
  await bob.page.reload();
  await bob.isOnline();
  assert.equal(await bob.page.textContent("#room-title"), "attic");
  await ada.sees("Ada", "Bob");
  await ada.isAnswered("still there?");
  await bob.hears("Ada", "still there?");
});

test("the page finds a restarted server by itself and sends what was written meanwhile", async (t) => {
  const first = await startChat();
  const ada = await Person.arrive(t, browser, first.url, "Ada");
  const bob = await Person.arrive(t, browser, first.url, "Bob");
  for (const person of [ada, bob]) {
    await person.enter("cellar");
    await person.transport("websocket");
  }
  await ada.isAnswered("before");
  await bob.hears("Ada", "before");

  await first.stop();
  await ada.isOffline();
  await bob.isOffline();
  await ada.page.locator("#banner", { hasText: "No connection" }).waitFor();
  const written = await ada.say("written while away");
  assert.equal(await written.getAttribute("data-ack"), "pending");

  const second = await startChat(first.port);
  t.after(() => second.stop());
  await bob.isOnline();
  await ada.isOnline();
  await ada.page.locator("#banner").waitFor({ state: "hidden" });
  await written.and(ada.page.locator('[data-ack="ok"]')).waitFor();
  await ada.sees("Ada", "Bob");
  await bob.sees("Bob", "Ada");
  await ada.isAnswered("after");
  await bob.hears("Ada", "after");
  await ada.transport("websocket");
});

test("what is written without a connection is kept longer than an answer may take", async (t) => {
  const first = await startChat();
  const ada = await Person.arrive(t, browser, first.url, "Ada", { clock: true });
  await first.stop();
  await ada.isOffline();
  const written = await ada.say("patience");
  await written.getByText("Waiting for the connection").waitFor();
  // A room can be opened again later; the page does not pretend that it has been.
  await ada.page.fill("#join-room", "nowhere");
  await ada.page.press("#join-room", "Enter");
  await ada.page.locator("#join-error", { hasText: "no connection" }).waitFor();

  await ada.say("and more of it");

  await ada.page.clock.fastForward(60_000);
  assert.equal(await written.getAttribute("data-ack"), "pending");
  await ada.page.locator("#banner", { hasText: "is sent as soon as" }).waitFor();

  await ada.page.context().setOffline(true);
  const second = await startChat(first.port);
  t.after(() => second.stop());
  const bob = await Person.arrive(t, browser, second.url, "Bob");
  await ada.page.context().setOffline(false);
  await ada.page.clock.fastForward(5_000);
  await bob.hears("Ada", "and more of it");
  assert.deepEqual(await bob.page.locator(".bubble").allTextContents(), ["patience", "and more of it"]);
  await written.and(ada.page.locator('[data-ack="ok"]')).waitFor();
});

test("a message whose answer is lost can be sent again", async (t) => {
  const ada = await arrive(t, "Ada", { mode: "websocket" });
  // From here on nothing of what the page writes arrives.
  await ada.page.evaluate(() => (WebSocket.prototype.send = () => {}));
  const written = await ada.say("into the void");
  await written.getByText("Sending").waitFor();
  await ada.page.evaluate(() => dispatchEvent(new Event("offline")));
  await written.and(ada.page.locator('[data-ack="failed"]')).getByText("No answer came").waitFor();
  await ada.page.reload();
  await ada.isOnline();
  await ada.isAnswered("and on");
});

test("a message is text, whatever is in it", async (t) => {
  const [ada, bob] = [await arrive(t, "<b>Ada</b>"), await arrive(t, "Bob")];
  const text = "<img src=x onerror=alert(1)> & 'quotes' ünï ✓";
  await ada.isAnswered(text);
  await bob.hears("<b>Ada</b>", text);
  assert.equal(await bob.page.locator("#logs img, #people b").count(), 0);
});

test("a room's name that the server refuses is explained", async (t) => {
  const ada = await arrive(t, "Ada");
  await ada.page.fill("#join-room", "no! such? room");
  await ada.page.press("#join-room", "Enter");
  await ada.page.locator("#join-error", { hasText: /room/ }).waitFor();
  assert.equal(await ada.page.textContent("#room-title"), "lobby");
  await ada.isAnswered("and the chat goes on");
});

test("one mark says that everything has been delivered, and one time is enough for a minute", async (t) => {
  const ada = await arrive(t, "Ada", { now: new Date("2026-01-01T12:00:00Z") });
  await ada.enter("long");
  for (let line = 1; line <= 60; line += 1) {
    await ada.say(`line ${line}.`);
  }
  await ada.page.waitForFunction(() => document.querySelectorAll('.log:not([hidden]) [data-ack="ok"]').length === 60);
  const marks = ada.page.locator(".log:not([hidden]) .message", { hasText: "Delivered" });
  assert.equal(await marks.count(), 1);
  assert.match(await marks.textContent(), /line 60\./);
  assert.equal(await ada.page.locator(".log:not([hidden]) time:visible").count(), 1);
});

test("who reads further up is told of what is new, and the title counts it", async (t) => {
  const [ada, bob] = [await arrive(t, "Ada"), await arrive(t, "Bob")];
  for (const person of [ada, bob]) {
    await person.enter("tower");
  }
  for (let line = 1; line <= 40; line += 1) {
    await bob.say(`brick ${line}.`);
  }
  await ada.hears("Bob", "brick 40.");
  const log = ada.page.locator('.log[data-room="tower"]');
  const top = () => log.evaluate((node) => node.scrollTop);
  const titled = (title) => ada.page.waitForFunction((text) => document.title === text, title);
  await titled("sio chat");

  await log.focus();
  await ada.page.keyboard.press("Home");
  await ada.page.waitForFunction(() => document.querySelector('.log[data-room="tower"]').scrollTop === 0);
  await bob.isAnswered("news");
  await ada.page.locator("#newer", { hasText: "1 new message" }).waitFor();
  await bob.isAnswered("more news");
  await ada.page.locator("#newer", { hasText: "2 new messages" }).waitFor();
  await titled("(2) sio chat");
  assert.equal(await top(), 0, "what is read stays where it is");

  // With the keyboard: the button comes between the messages and the field.
  await ada.page.keyboard.press("Tab");
  await ada.page.keyboard.press("Enter");
  await ada.page.locator("#newer").waitFor({ state: "hidden" });
  await titled("sio chat");
  assert.ok(await ada.message("more news").isVisible());
  assert.equal(await ada.page.evaluate(() => document.activeElement.dataset.room), "tower");

  // Other rooms count too, and so does what nobody sees because another tab is in front.
  await ada.show("lobby");
  await bob.isAnswered("elsewhere");
  await titled("(1) sio chat");
  await ada.show("tower");
  await titled("sio chat");
  const hide = (hidden) =>
    ada.page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await hide(true);
  await bob.isAnswered("anybody there?");
  await titled("(1) sio chat");
  await hide(false);
  await titled("sio chat");
});

test("with thirty rooms one's own name and the field to join another stay in sight", async (t) => {
  const ada = await arrive(t, "Ada", { viewport: { width: 1000, height: 600 } });
  for (let room = 1; room <= 30; room += 1) {
    await ada.enter(`room-${room}`);
  }
  const inSight = (selector) =>
    ada.page.locator(selector).evaluate((node) => {
      const { top, bottom, left, right } = node.getBoundingClientRect();
      const found = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return bottom <= innerHeight && top >= 0 && node.contains(found);
    });
  for (const selector of ["#me-name", "#rename", "#join-room", 'button.room[aria-current="true"]']) {
    assert.ok(await inSight(selector), selector);
  }
  await ada.page.reload();
  await ada.isOnline();
  assert.equal(await ada.page.textContent("#room-title"), "room-30");
  assert.ok(await inSight('button.room[aria-current="true"]'));
});

test("a narrow screen has everything within reach", async (t) => {
  const ada = await arrive(t, "Ada", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await ada.page.tap("#rooms-toggle");
  await ada.enter("porch");
  await ada.isAnswered("from a phone");
  await ada.page.tap("#people-toggle");
  await ada.page.locator("#people-panel").getByText("Ada").waitFor();
  await ada.page.keyboard.press("Escape");
  await ada.page.locator("#people-panel").waitFor({ state: "hidden" });
  const overflow = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});
