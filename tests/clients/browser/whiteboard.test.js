// The whiteboard's page in Chromium: what one draws is on the canvas of the others.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openWindow } from "../support/browser.js";
import { startExample } from "../support/servers.js";
import { until } from "../support/wait.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startExample("whiteboard");
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(t, board, options) {
  const page = await openWindow(t, browser, `${server.url}/#${board}`, options);
  await page.locator(`#paper[data-board="${board}"]`).waitFor();
  return page;
}

/** A point of the board, at fractions of its width and height, in pixels of the window. */
async function at(page, x, y) {
  const box = await page.locator("#canvas").boundingBox();
  return [box.x + box.width * x, box.y + box.height * y];
}

/** Draws a straight line. */
async function drawLine(page, [fromX, fromY], [toX, toY]) {
  await page.mouse.move(...(await at(page, fromX, fromY)));
  await page.mouse.down();
  await page.mouse.move(...(await at(page, toX, toY)), { steps: 8 });
  await page.mouse.up();
}

/** The colour at a point of the board: red, green, blue, opacity. */
function pixel(page, x, y) {
  return page.evaluate(
    ([x, y]) => {
      const canvas = document.getElementById("canvas");
      return [...canvas.getContext("2d").getImageData(x * canvas.width, y * canvas.height, 1, 1).data];
    },
    [x, y],
  );
}

const isRed = ([red, green, blue, opacity]) => opacity === 255 && red > 200 && green < 60 && blue < 80;
const isEmpty = ([, , , opacity]) => opacity === 0;

test("a line is on every page of its board, those that come later included, until it is cleared", async (t) => {
  const [ada, bob, eve] = [await open(t, "kitchen"), await open(t, "kitchen"), await open(t, "garden")];
  await ada.click('button[aria-label="red"]');
  await ada.locator("#pen").fill("20");
  await drawLine(ada, [0.2, 0.5], [0.8, 0.5]);
  for (const x of [0.21, 0.5, 0.79]) {
    await until(() => pixel(bob, x, 0.5), isRed, "the line");
    assert.ok(isRed(await pixel(ada, x, 0.5)));
  }
  assert.ok(isEmpty(await pixel(bob, 0.5, 0.4)));

  const dan = await open(t, "kitchen");
  assert.ok(isRed(await pixel(dan, 0.5, 0.5)));

  await bob.click("#clear");
  for (const page of [ada, bob, dan]) {
    await until(() => pixel(page, 0.5, 0.5), isEmpty, "the board to be empty");
  }
  assert.ok(isEmpty(await pixel(eve, 0.5, 0.5)));
});

test("others see where somebody points to, until the page is closed", async (t) => {
  const [ada, bob] = [await open(t, "attic"), await open(t, "attic")];
  // A position may be lost, so there are more of them.
  const pointer = bob.locator(".pointer");
  await until(
    async () => {
      await ada.mouse.move(...(await at(ada, 0.3 + Math.random() / 10, 0.3)));
      return pointer.count();
    },
    (count) => count === 1,
    "the pointer",
  );
  await ada.close();
  await pointer.waitFor({ state: "detached" });
});

test("the keyboard draws too", async (t) => {
  const [ada, bob] = [await open(t, "keys"), await open(t, "keys")];
  await ada.locator("#canvas").focus();
  for (const key of ["ArrowUp", "Shift+ArrowRight", "Shift+ArrowRight"]) {
    await ada.keyboard.press(key);
  }
  const drawn = ([, , , opacity]) => opacity === 255;
  await until(() => pixel(bob, 0.51, 0.484), drawn, "the line");
  assert.ok(isEmpty(await pixel(bob, 0.51, 0.5)));
  await ada.keyboard.press("Tab");
  await ada.locator("#pointer-pen").waitFor({ state: "detached" });
});

test("another board is opened by its name", async (t) => {
  const page = await open(t, "porch");
  await drawLine(page, [0.4, 0.5], [0.6, 0.5]);
  await page.fill("#board", "cellar");
  await page.press("#board", "Enter");
  await page.locator('#paper[data-board="cellar"]').waitFor();
  assert.ok(isEmpty(await pixel(page, 0.5, 0.5)));
  await page.goBack();
  await page.locator('#paper[data-board="porch"]').waitFor();
  await until(() => pixel(page, 0.5, 0.5), ([, , , opacity]) => opacity === 255, "the line");
});

test("a phone has room for it", async (t) => {
  const phone = await open(t, "phone", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await phone.locator("#pen").fill("40");
  await phone.touchscreen.tap(...(await at(phone, 0.5, 0.5)));
  await until(() => pixel(phone, 0.5, 0.5), ([, , , opacity]) => opacity === 255, "a dot");
});
