// The page for developers in Chromium: events are read, found and tried.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openWindow } from "../support/browser.js";
import { startE2e } from "../support/servers.js";

let browser;
let server;

before(async () => {
  browser = await launch();
  server = await startE2e();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(t, options) {
  const page = await openWindow(t, browser, `${server.url}/docs`, options);
  await page.locator('body[data-ready="yes"]').waitFor();
  return page;
}

const desk = (page) => page.getByRole("region", { name: "/desk" });
const card = (page, event) => desk(page).locator(`[data-event="${event}"]`);

/** Connects to the desk with this token. */
async function connect(page, token = "secret") {
  await desk(page).getByLabel("auth").fill(JSON.stringify({ token }));
  await desk(page).getByRole("button", { name: "Connect" }).click();
}

async function connected(page) {
  await connect(page);
  await desk(page).locator('.state[data-state="connected"]').waitFor();
}

test("the page shows namespaces, events and types, and takes nothing from elsewhere", async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url())));
  await page.goto(`${server.url}/docs/`);
  await page.locator('body[data-ready="yes"]').waitFor();
  const elsewhere = asked.filter(({ origin, protocol }) => protocol !== "data:" && origin !== server.url);
  assert.deepEqual(elsewhere, []);
  assert.ok(asked.some(({ pathname }) => pathname === "/socket.io/socket.io.min.js"));

  const titles = await page.locator("section.namespace h2").allTextContents();
  assert.deepEqual(titles, ["/", "/denied", "/desk", "/member", "/panics", "/tables/{number}", "/visitor"]);
  await desk(page).getByText("A desk with notes on it.").waitFor();
  await card(page, "add note").locator("summary").click();
  const signature = await card(page, "add note").locator(".signature").textContent();
  assert.match(signature, /^add note: \(note: NoteInput, times: number \| null \| undefined, ack: \(answer: number \| SioError\) => void\)/);
  await card(page, "add note").locator("p.docs", { hasText: "and shows it to all" }).waitFor();
  await page.locator("#type-Note summary").click();
  assert.match(await page.locator("#type-Note pre").textContent(), /colour: Colour;/);
});

test("an event is sent by its form, and the acknowledgement and what follows are shown", async (t) => {
  const page = await open(t);
  await connected(page);
  const note = card(page, "add note");
  await note.locator("summary").click();
  const value = JSON.parse(await note.getByLabel("note", { exact: true }).inputValue());
  assert.deepEqual(value, { text: "Buy tea", colour: "yellow", tags: [] });
  await note.getByLabel("times", { exact: true }).fill("3");
  await note.getByRole("button", { name: "Send" }).click();
  await note.locator(".result .good", { hasText: "Acknowledged" }).waitFor();
  assert.equal(await note.locator(".result pre").textContent(), "3");
  await page.locator("#entries li", { hasText: "← note added" }).waitFor();

  await note.getByLabel("without times").check();
  await note.getByRole("button", { name: "Send" }).click();
  await note.locator(".result pre", { hasText: /^1$/ }).waitFor();
});

test("errors are shown: of the server, of a payload, and of JSON", async (t) => {
  const page = await open(t);
  await connected(page);
  const note = card(page, "add note");
  await note.locator("summary").click();
  const field = note.getByLabel("note", { exact: true });
  const send = note.getByRole("button", { name: "Send" });
  await field.fill('{ "text": "", "colour": "pink" }');
  await send.click();
  await note.locator(".result .bad", { hasText: "Error: empty_note" }).waitFor();
  await field.fill('{ "text": 1 }');
  await send.click();
  await note.locator(".result .bad", { hasText: "Error: invalid_payload" }).waitFor();
  await field.fill("{ no JSON");
  await send.click();
  await note.getByRole("alert").filter({ hasText: "JSON" }).waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
});

test("a refused connection says why", async (t) => {
  const page = await open(t);
  await connect(page, "wrong");
  await desk(page).locator('.state[data-state="refused"]', { hasText: "not with this token" }).waitFor();
  assert.ok(await card(page, "add note").getByRole("button", { name: "Send", includeHidden: true }).isDisabled());
});

test("bytes go both ways, and a namespace with a parameter is chosen by it", async (t) => {
  const page = await open(t);
  await connected(page);
  const reverse = card(page, "reverse");
  await reverse.locator("summary").click();
  await reverse.getByRole("button", { name: "Send" }).click();
  await reverse.locator(".result pre", { hasText: '"$bytes": "AwIB"' }).waitFor();

  const table = page.getByRole("region", { name: "/tables/{number}" });
  await table.getByLabel("{number}").fill("7");
  await table.getByRole("button", { name: "Connect" }).click();
  await table.locator('.state[data-state="connected"]').waitFor();
  await table.locator("summary").click();
  await table.getByRole("button", { name: "Send" }).click();
  await table.locator(".result pre", { hasText: /^7$/ }).waitFor();
});

test("a question of the server gets the answer that stands on the page, and none that is no JSON", async (t) => {
  const page = await open(t);
  await connected(page);
  const question = card(page, "are you there");
  await question.locator("summary").click();
  const answer = question.getByLabel("answer", { exact: true });
  assert.deepEqual(JSON.parse(await answer.inputValue()), { here: true });
  const ask = card(page, "question");
  await ask.locator("summary").click();
  const send = ask.getByRole("button", { name: "Send" });
  for (const here of [true, false]) {
    await answer.fill(JSON.stringify({ here }));
    await send.click();
    await ask.locator(".result pre", { hasText: new RegExp(`^${here}$`) }).waitFor();
  }
  const logged = page.locator("#entries li", { hasText: "→ answer to are you there" });
  assert.equal(await logged.count(), 2);
  await answer.fill("{ no JSON");
  await send.click();
  await page.locator("#entries li .bad", { hasText: "no answer to are you there" }).waitFor();
  await question.getByRole("alert").filter({ hasText: "JSON" }).waitFor();
});

test("the keyboard is enough: find an event, connect, send it", async (t) => {
  const page = await open(t);
  await page.keyboard.press("/");
  await page.keyboard.type("reverse");
  await page.locator("section.namespace:visible").first().waitFor();
  assert.deepEqual(await page.locator("section.namespace:visible h2").allTextContents(), ["/desk"]);
  assert.equal(await page.locator(".card:visible").count(), 1);
  // On: the contents, the connection, the event.
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  for (let steps = 0; (await focused()) !== "reverse"; steps += 1) {
    assert.ok(steps < 20, "the event is within reach");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  assert.equal(await card(page, "reverse").getAttribute("open"), "");
  await desk(page).getByLabel("auth").focus();
  await page.keyboard.press("Control+a");
  await page.keyboard.type('{"token":"secret"}');
  await page.keyboard.press("Control+Enter");
  await desk(page).locator('.state[data-state="connected"]').waitFor();
  await card(page, "reverse").getByLabel("picture").focus();
  await page.keyboard.press("Control+Enter");
  await card(page, "reverse").locator(".result .good").waitFor();
});

for (const colorScheme of ["light", "dark"]) {
  test(`it is readable on a phone, ${colorScheme}`, async (t) => {
    const page = await open(t, { colorScheme, viewport: { width: 360, height: 740 } });
    await page.locator("#log-details").evaluate((log) => (log.open = false));
    await card(page, "add note").locator("summary").click();
    const { width, contrasts } = await page.evaluate(() => {
      const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const light = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (node) => {
        for (let at = node; at; at = at.parentElement) {
          const colour = getComputedStyle(at).backgroundColor;
          if (colour !== "rgba(0, 0, 0, 0)") return colour;
        }
        return "white";
      };
      const all = [...document.querySelectorAll("h2, h3, p, label, button:enabled, code, .quiet, .state, nav a, summary")];
      const shown = all.filter((node) => node.checkVisibility() && node.textContent.trim() !== "");
      const contrasts = shown.map((node) => {
        const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
        return [node.textContent.slice(0, 30), (a + 0.05) / (b + 0.05)];
      });
      return { width: document.documentElement.scrollWidth, contrasts };
    });
    assert.ok(width <= 360, `${width} pixels wide`);
    assert.ok(contrasts.length > 20);
    assert.deepEqual(contrasts.filter(([, contrast]) => contrast < 4.5), []);
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(ground, colorScheme === "light" ? "rgb(252, 252, 253)" : "rgb(21, 23, 28)");
  });
}
