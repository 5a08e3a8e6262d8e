// The game in Chromium: by keyboard, by touch, and through a lost connection.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openWindow, staysOpen } from "../support/browser.js";
import { startExample } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("magpies");
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function enter(t, match, name, options) {
  const page = await openWindow(t, browser, `${server.url}/#${match}`, options);
  await page.evaluate(watchPositions);
  if (name) {
    await page.fill("#name", name);
    await page.press("#name", "Enter");
  } else {
    await page.click('button[value="watch"]');
  }
  await page.locator("#me", { hasText: match }).waitFor();
  return page;
}

/** Runs in the page: keeps what is drawn of each name, in the field's own measures. */
function watchPositions() {
  window.seen = {};
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (name, x, y) {
    window.seen[name] = { x, y };
    draw.call(this, name, x, y);
  };
}

/** Waits until somebody is seen at the left or right edge. */
function isAt(page, name, side) {
  return page.waitForFunction(
    ([name, side]) => (side === "left" ? window.seen[name]?.x < 60 : window.seen[name]?.x > 940),
    [name, side],
  );
}

const player = (page, name) => page.locator("#score li", { hasText: name });

test("players fly by keyboard, and everybody in the match sees it", async (t) => {
  const [ada, bob, eve] = [await enter(t, "lawn", "Ada"), await enter(t, "lawn", "Bob"), await enter(t, "lawn")];
  const elsewhere = await enter(t, "wood", "Dan");
  for (const page of [ada, bob, eve]) {
    await player(page, "Ada").and(page.locator("[data-bird]")).waitFor();
    await player(page, "Bob").waitFor();
    await player(page, "the machine").waitFor({ state: "detached" });
  }
  await ada.keyboard.down("ArrowLeft");
  await bob.keyboard.down("KeyD");
  for (const page of [ada, bob, eve]) {
    await isAt(page, "Ada", "left");
    await isAt(page, "Bob", "right");
  }
  await ada.keyboard.up("ArrowLeft");
  await player(elsewhere, "the machine").waitFor();
  assert.equal(await elsewhere.locator("#score li").count(), 2);
});

test("Tab leaves the field, and Escape leaves nobody before a page without its dialog", async (t) => {
  const ada = await enter(t, "tabs", "Ada");
  assert.equal(await ada.evaluate(() => document.activeElement.id), "canvas");
  await ada.keyboard.press("Tab");
  assert.equal(await ada.evaluate(() => document.activeElement.id), "change");
  const page = await openWindow(t, browser, server.url);
  await page.locator("#login").waitFor();
  await staysOpen(page, "#login");
});

test("a bird waits for a player whose connection is lost", async (t) => {
  const [ada, bob] = [await enter(t, "cliff", "Ada"), await enter(t, "cliff", "Bob")];
  const number = await player(ada, "Bob").getAttribute("data-bird");
  await bob.context().setOffline(true);
  await bob.locator('#status[data-state="waiting"]').waitFor();
  await player(ada, "Bob").filter({ hasText: "lost the connection" }).waitFor();
  await bob.context().setOffline(false);
  await bob.locator('#status[data-state="online"]').waitFor();
  await player(ada, "Bob").and(ada.locator(":not([data-away])")).waitFor();
  assert.equal(await player(ada, "Bob").getAttribute("data-bird"), number);
});

test("a phone has room for it, and a finger leads the bird", async (t) => {
  const phone = await enter(t, "pond", "Pat", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  const { x, y, width, height } = await phone.locator("#canvas").boundingBox();
  const touches = await phone.context().newCDPSession(phone);
  const touch = (type, touchPoints) => touches.send("Input.dispatchTouchEvent", { type, touchPoints });
  await touch("touchStart", [{ x: x + width - 8, y: y + height / 2 }]);
  await isAt(phone, "Pat", "right");
  await touch("touchMove", [{ x: x + 8, y: y + height / 2 }]);
  await isAt(phone, "Pat", "left");
  await touch("touchEnd", []);
});
