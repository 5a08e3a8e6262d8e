// The dashboard of the operations example in Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AdminPage } from "../support/admin_page.js";
import { launch, openWindow, staysOpen } from "../support/browser.js";
import { openSecurely } from "../support/secure.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("operations", { TOKEN_SECONDS: "6", DELAY_SECONDS: "3", SPREAD_SECONDS: "0" });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function logIn(t, options) {
  return enter(await openWindow(t, browser, server.url, options));
}

async function enter(page) {
  await page.fill("#password", "sesame");
  await page.press("#password", "Enter");
  await page.locator("#tile-sockets", { hasText: /\d/ }).waitFor();
  return page;
}

const row = (page, event) => page.locator("#handlers tr", { hasText: event });

test("the page shows the numbers of what it does itself", async (t) => {
  const page = await logIn(t);
  await page.click('[data-work="quick"]');
  await page.locator("#answer", { hasText: "pieces" }).waitFor();
  await page.click('[data-work="failing"]');
  await page.locator("#answer", { hasText: "Internal" }).waitFor();
  await row(page, "quick").waitFor();
  await row(page, "failing").locator("td[data-bad]", { hasText: "1" }).waitFor();
  await page.locator("#tile-failed[data-bad]", { hasText: "1" }).waitFor();
  await page.locator("#compression", { hasText: "permessage-deflate" }).waitFor();

  // Prometheus would get the same.
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /sio_events_received_total\{namespace="\/work",event="quick",outcome="ok"\} 1\n/);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
});

test("a trace begins in the page and goes on in the handler", async (t) => {
  const page = await logIn(t);
  await page.click('[data-work="slow"]');
  const spans = page.locator("#spans li");
  await spans.filter({ hasText: "/work slow" }).waitFor();
  await spans.filter({ hasText: "look up the price" }).and(page.locator("[data-inner]")).waitFor();
  await spans.filter({ hasText: "write the bill" }).and(page.locator("[data-inner]")).waitFor();
});

test("a pass is renewed, lasts over a reload, and ends without renewal", async (t) => {
  const page = await logIn(t);
  const pass = () => page.evaluate(() => sessionStorage.getItem("pass"));
  const first = await pass();
  await page.waitForFunction((first) => sessionStorage.getItem("pass") !== first, first);
  await page.reload();
  await page.locator("#tile-sockets", { hasText: /\d/ }).waitFor();
  await page.uncheck("#renew");
  await page.locator("#login-error", { hasText: "The pass has run out." }).waitFor();
  await staysOpen(page, "#login");
  await page.fill("#password", "simsim");
  await page.press("#password", "Enter");
  await page.locator("#login-error", { hasText: "not the password" }).waitFor();
});

test("the Admin UI shows the dashboards, and can disconnect them", async (t) => {
  const page = await logIn(t);
  const address = await page.getByRole("link", { name: "ops" }).evaluate(({ href }) => href);
  const admin = await AdminPage.open(t, browser, address);
  await admin.logIn("sesame");
  await admin.isConnected();
  await admin.show("sockets");
  await admin.choose("/ops");
  await admin.row("127.0.0.1").getByRole("button").first().click();
  await page.locator("#login-error", { hasText: "Somebody has disconnected this page." }).waitFor();
});

test("with a certificate it is served by TLS, and the page comes to WebTransport", async (t) => {
  const page = await enter(await openSecurely(t, "operations", { SPREAD_SECONDS: "0" }));
  await page.locator("#legend-webtransport", { hasText: "WebTransport" }).waitFor();
  const metrics = await page.evaluate(() => fetch("/metrics").then((answer) => answer.text()));
  assert.match(metrics, /sio_sessions_open\{transport="webtransport"\} 1\n/);
  await page.click('[data-work="quick"]');
  await page.locator("#answer", { hasText: "pieces" }).waitFor();
});

test("a phone has room for it", async (t) => {
  const phone = await logIn(t, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await row(phone, "reauth").or(row(phone, "quick")).first().waitFor();
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});

test("a server that stops is shown, and so are its last seconds", async (t) => {
  const page = await logIn(t);
  const stopped = server.stop();
  server = undefined;
  await page.locator("#draining").waitFor();
  await page.locator("#ready", { hasText: "stopping" }).waitFor();
  await page.locator('#status[data-state="waiting"]').waitFor();
  await stopped;
});
