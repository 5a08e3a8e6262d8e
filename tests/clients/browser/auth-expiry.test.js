// The page of the auth example in Chromium, with tokens that are valid for a few seconds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openTab, openWindow, staysOpen } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("auth-expiry", { TOKEN_SECONDS: "9" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(t, options) {
  const page = await openWindow(t, browser, server.url, options);
  await page.fill("#name", "Ada");
  await page.fill("#password", "sesame");
  await page.press("#password", "Enter");
  await page.locator("#user", { hasText: "Ada" }).waitFor();
  return page;
}

const happened = (page, text) => page.locator("#log li", { hasText: text }).first().waitFor();

test("a token is renewed in time, and the connection goes on", async (t) => {
  const page = await logIn(t);
  await happened(page, "The token runs out in 3 s.");
  await happened(page, "Renewed.");
  // The second warning comes after the first token would have run out.
  await page.locator("#log li", { hasText: "The token runs out" }).nth(1).waitFor();
  assert.equal(await page.locator("#log li", { hasText: "disconnected" }).count(), 0);
});

test("without renewal the connection ends, and the page comes back with a fresh token", async (t) => {
  const page = await logIn(t);
  await page.uncheck("#renew");
  await happened(page, "The token has run out: disconnected.");
  await page.locator("#log li", { hasText: "Connected with a fresh token." }).nth(1).waitFor();
  await page.locator('#status[data-state="online"]').waitFor();
});

test("a wrong password is told, and a login lasts until the logout", async (t) => {
  const page = await openWindow(t, browser, server.url);
  await page.fill("#name", "Ada");
  await page.fill("#password", "simsim");
  await page.press("#password", "Enter");
  await page.locator("#login-error", { hasText: "not the password" }).waitFor();
  await page.fill("#password", "sesame");
  await page.press("#password", "Enter");
  await page.locator("#user", { hasText: "Ada" }).waitFor();

  const tab = await openTab(page, server.url);
  await tab.locator("#user", { hasText: "Ada" }).waitFor();
  await tab.click("#log-out");
  await tab.locator("#login").waitFor();
  await page.reload();
  await page.locator("#login").waitFor();
});

test("a phone has room for it", async (t) => {
  const phone = await logIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});

test("Escape leaves nobody before a page without its dialog", async (t) => {
  const page = await openWindow(t, browser, server.url);
  await page.locator("#login").waitFor();
  await staysOpen(page, "#login");
});
