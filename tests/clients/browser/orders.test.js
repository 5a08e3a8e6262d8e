// The page of the orders in Chromium: a guest on one side of the counter, the staff on the other.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openTab, openWindow, staysOpen } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("orders");
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(t, name, options) {
  const page = await openWindow(t, browser, server.url, options);
  await page.fill("#name", name);
  await page.fill("#password", "sesame");
  await page.press("#password", "Enter");
  await page.locator("#me", { hasText: name }).waitFor();
  await page.locator('#status[data-state="online"]').waitFor();
  return page;
}

const order = (page, drink) => page.click(`#menu button:has-text("${drink}")`);
const mine = (page, drink, stage) => page.locator("#mine li", { hasText: drink }).filter({ hasText: stage }).first().waitFor();
const card = (page, column, guest) => page.locator(`#${column} li`, { hasText: guest });

test("an order goes from the guest to the counter and its progress back, by keyboard", async (t) => {
  const [ada, grace] = [await logIn(t, "Ada"), await logIn(t, "Grace")];
  await order(ada, "Flat white");
  await mine(ada, "Flat white", "waits");
  await card(grace, "placed", "Ada").waitFor();

  await card(grace, "placed", "Ada").locator("button", { hasText: "Prepare" }).focus();
  await grace.keyboard.press("Enter");
  await mine(ada, "Flat white", "is being prepared");
  await card(grace, "preparing", "Ada").waitFor();
  // The focus stays in the column, which is empty now.
  await grace.waitForFunction(() => document.activeElement.id === "placed-heading");

  await card(grace, "preparing", "Ada").locator("button", { hasText: "Ready" }).click();
  await mine(ada, "Flat white", "is ready");
  await card(grace, "ready", "Ada").locator("button", { hasText: "Collected" }).click();
  await mine(ada, "Flat white", "was collected");
  await grace.locator("#sold", { hasText: /[1-9]/ }).waitFor();
});

test("a guest and the manager cancel in time", async (t) => {
  const [bob, charles] = [await logIn(t, "Bob"), await logIn(t, "Charles")];
  await order(bob, "Tea");
  await card(charles, "placed", "Bob").waitFor();
  await bob.click('#mine button:has-text("Cancel")');
  await mine(bob, "Tea", "was cancelled");
  await card(charles, "placed", "Bob").waitFor({ state: "detached" });

  await order(bob, "Espresso");
  await card(charles, "placed", "Bob").locator("button", { hasText: "Cancel" }).click();
  await mine(bob, "Espresso", "was cancelled");
});

test("a page that is loaded again, or loses its connection, knows how things stand", async (t) => {
  const [eve, grace] = [await logIn(t, "Eve"), await logIn(t, "Grace")];
  await order(eve, "Hot chocolate");
  await card(grace, "placed", "Eve").waitFor();
  await eve.context().setOffline(true);
  await eve.locator('#status[data-state="waiting"]').waitFor();
  await card(grace, "placed", "Eve").locator("button", { hasText: "Prepare" }).click();
  await eve.context().setOffline(false);
  await mine(eve, "Hot chocolate", "is being prepared");
  await grace.reload();
  await card(grace, "preparing", "Eve").waitFor();

  // Another tab is somebody else.
  const tab = await openTab(eve, server.url);
  await tab.locator("#login").waitFor();
});

test("a wrong password is told, and Escape leaves nobody before a page without its dialog", async (t) => {
  const page = await openWindow(t, browser, server.url);
  await page.fill("#name", "Ada");
  await page.fill("#password", "simsim");
  await page.press("#password", "Enter");
  await page.locator("#login-error", { hasText: "not the password" }).waitFor();
  await staysOpen(page, "#login");
});

test("a phone has room for it", async (t) => {
  for (const name of ["Ada with a rather long name, a very", "Charles"]) {
    const phone = await logIn(t, name.slice(0, 32), { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `the page of ${name} is ${overflow} px too wide`);
    if (name !== "Charles") {
      await order(phone, "Tea");
    } else {
      await card(phone, "placed", "Ada with").waitFor();
    }
  }
});
