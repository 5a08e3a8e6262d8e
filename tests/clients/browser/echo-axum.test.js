// The page of the axum example in Chromium: the client comes from the server itself.

import { after, before, test } from "node:test";

import { launch, openWindow } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let echo;

before(async () => {
  browser = await launch();
  echo = await startExample("echo-axum");
});

after(async () => {
  await browser?.close();
  await echo?.stop();
});

test("the page is echoed, counts, and hears what a route says", async (t) => {
  const page = await openWindow(t, browser, echo.url);
  const line = (text) => page.locator("#log li", { hasText: text }).waitFor();
  await line("connected from 127.0.0.1");
  await page.fill("#text", "hello");
  await page.press("#text", "Enter");
  await line("echo: hello");
  await line("echoes so far: 1");
  await fetch(`${echo.url}/say`, { method: "POST", body: "to all" });
  await line("said: to all");
});
