// The page of the presence example in Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openTab, openWindow, staysOpen } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("presence", { IDLE_SECONDS: "3" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function enter(t, name, team, options) {
  const page = await openWindow(t, browser, server.url, options);
  await page.fill("#name", name);
  await page.selectOption("#team", team);
  await page.press("#name", "Enter");
  await sees(page, name, "online");
  await beBusy(page);
  return page;
}

/** Somebody moves the pointer all the time, until `rest`. */
function beBusy(page) {
  return page.evaluate(() => {
    window.busy = setInterval(() => document.dispatchEvent(new Event("pointermove")), 100);
  });
}

function rest(page) {
  return page.evaluate(() => clearInterval(window.busy));
}

function sees(page, name, status) {
  return page.locator(`#people [data-status="${status}"]`, { hasText: name }).waitFor();
}

test("who comes, idles, returns and goes is seen by the team", async (t) => {
  const ada = await enter(t, "Ada", "engineering");
  const bob = await enter(t, "Bob", "engineering");
  const eve = await enter(t, "Eve", "support");
  await sees(ada, "Bob", "online");
  await ada.locator('[data-team="support"] strong', { hasText: "1" }).waitFor();
  assert.equal(await eve.locator("#people li").count(), 1);

  await rest(bob);
  await sees(ada, "Bob", "away");
  await beBusy(bob);
  await sees(ada, "Bob", "online");

  // Several tabs are one person, who is there until the last of them has gone.
  const bobToo = await openTab(bob, server.url);
  await beBusy(bobToo);
  await sees(bobToo, "Bob", "online");
  await bob.close();
  await sees(ada, "Bob", "online");
  assert.equal(await ada.locator("#people li").count(), 2);
  await bobToo.close();
  await sees(ada, "Bob", "offline");
  await ada.locator("#people li", { hasText: "last seen" }).waitFor();
});

test("a person can change the team", async (t) => {
  const dan = await enter(t, "Dan", "design");
  await dan.click("#change");
  await dan.selectOption("#team", "support");
  await dan.press("#name", "Enter");
  await dan.locator("#team-name", { hasText: "Support" }).waitFor();
  await sees(dan, "Dan", "online");
});

test("a phone has room for it", async (t) => {
  const phone = await enter(t, "Pat with a long name, very long!", "design", { viewport: { width: 360, height: 740 } });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});

test("Escape leaves nobody before a page without its dialog", async (t) => {
  const page = await openWindow(t, browser, server.url);
  await page.locator("#login").waitFor();
  await staysOpen(page, "#login");
});
