// The page of the private messages in Chromium: two users, several tabs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openTab, openWindow, staysOpen } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("private-messages");
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(t, name, options) {
  const page = await openWindow(t, browser, server.url, options);
  await page.fill("#name", name);
  await page.press("#name", "Enter");
  await page.locator("#me-name", { hasText: name }).waitFor();
  return page;
}

async function write(page, reader, text) {
  await page.locator(".user", { hasText: reader }).click();
  await page.fill("#text", text);
  await page.press("#text", "Enter");
  await page.locator(".message[data-own]", { hasText: text }).waitFor();
}

test("all tabs of both users have the message, and it is unread where it was not seen", async (t) => {
  const [ada, bob, eve] = [await logIn(t, "Ada"), await logIn(t, "Bob"), await logIn(t, "Eve")];
  const adaToo = await openTab(ada, server.url);
  const bobToo = await openTab(bob, server.url);
  await adaToo.locator("#me-name", { hasText: "Ada" }).waitFor();
  await bobToo.locator("#me-name", { hasText: "Bob" }).waitFor();

  await write(ada, "Bob", "hello Bob");
  for (const page of [bob, bobToo]) {
    await page.locator(".user", { hasText: "Ada" }).locator(".unread", { hasText: "1" }).waitFor();
    assert.match(await page.title(), /^\(1\)/);
    await page.locator(".user", { hasText: "Ada" }).click();
    await page.locator(".message", { hasText: "hello Bob" }).waitFor();
    assert.equal(await page.locator(".unread").count(), 0);
  }
  assert.equal(await adaToo.locator(".unread").count(), 0);
  await adaToo.locator(".user", { hasText: "Bob" }).click();
  await adaToo.locator(".message[data-own]", { hasText: "hello Bob" }).waitFor();

  // A later message has reached Eve, so this one would have too.
  await write(bob, "Eve", "hello Eve");
  await eve.locator(".user", { hasText: "Bob" }).locator(".unread", { hasText: "1" }).waitFor();
  assert.equal(await eve.locator(".user", { hasText: "Ada" }).locator(".unread").count(), 0);
});

test("a taken name is refused with words, and another one lets in", async (t) => {
  await logIn(t, "Grace");
  const page = await openWindow(t, browser, server.url);
  await page.fill("#name", "grace");
  await page.press("#name", "Enter");
  await page.locator("#login-error", { hasText: "Somebody else has this name" }).waitFor();
  await page.fill("#name", "Linus");
  await page.press("#name", "Enter");
  await page.locator("#me-name", { hasText: "Linus" }).waitFor();
});

test("a user who is away cannot be written to, and is the same when back", async (t) => {
  const [dan, fay] = [await logIn(t, "Dan"), await logIn(t, "Fay")];
  await fay.goto("about:blank");
  await dan.locator('.user[data-online="false"]', { hasText: "Fay" }).click();
  await dan.fill("#text", "are you there?");
  await dan.press("#text", "Enter");
  await dan.locator("#error", { hasText: "not here" }).waitFor();

  await fay.goto(server.url);
  await fay.locator("#me-name", { hasText: "Fay" }).waitFor();
  await write(dan, "Fay", "welcome back");
  await fay.locator(".user", { hasText: "Dan" }).locator(".unread").waitFor();
});

test("logging out in one tab logs out all", async (t) => {
  const kim = await logIn(t, "Kim");
  const kimToo = await openTab(kim, server.url);
  await kimToo.locator("#me-name", { hasText: "Kim" }).waitFor();
  await kim.click("#log-out");
  for (const page of [kim, kimToo]) {
    await page.locator("#login").waitFor();
  }
});

test("a phone shows the people or one conversation", async (t) => {
  await logIn(t, "Pat");
  const phone = await logIn(t, "Sam", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await phone.locator("#composer").waitFor({ state: "hidden" });
  await write(phone, "Pat", "from a phone");
  await phone.locator("#people").waitFor({ state: "hidden" });
  await phone.tap("#back");
  await phone.locator("#people").waitFor();
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});

test("Escape leaves nobody before a page without its dialog", async (t) => {
  const page = await openWindow(t, browser, server.url);
  await page.locator("#login").waitFor();
  await staysOpen(page, "#login");
});
