// Names in the chat page: how they are asked for, and that nobody passes for somebody else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Person, launch, openWindow, staysOpen } from "../support/browser.js";
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

const focused = (page) => page.evaluate(() => document.activeElement.id);

test("Escape leaves nobody without a name, however often it is pressed", async (t) => {
  const page = await openWindow(t, browser, chat.url);
  await page.locator("#welcome").waitFor();
  await staysOpen(page, "#welcome");
  const ada = await Person.named(page, "Ada");
  await ada.isAnswered("here I am");
});

test("who has a name can keep it, by Escape and by a button", async (t) => {
  const ada = await arrive(t, "Ada");
  for (const leave of [() => ada.page.keyboard.press("Escape"), () => ada.page.click("#welcome-cancel")]) {
    await ada.page.click("#rename");
    await ada.page.fill("#name", "Somebody");
    await leave();
    await ada.page.locator("#welcome").waitFor({ state: "hidden" });
    assert.equal(await ada.page.textContent("#me-name"), "Ada");
    assert.equal(await focused(ada.page), "rename");
  }
  // A refused name does not hold anybody either.
  await ada.page.click("#rename");
  await ada.page.fill("#name", "   ");
  await ada.page.press("#name", "Enter");
  await ada.page.locator("#name-error", { hasText: "see" }).waitFor();
  await ada.page.click("#welcome-cancel");
  await ada.page.locator("#welcome").waitFor({ state: "hidden" });
});

test("the focus goes from the name to the field for messages", async (t) => {
  const ada = await arrive(t, "Ada");
  assert.equal(await focused(ada.page), "text");
  await ada.page.keyboard.type("at once");
  await ada.page.keyboard.press("Enter");
  await ada.message("at once").waitFor();
});

test("a name of which nothing can be seen gets a word", async (t) => {
  const page = await openWindow(t, browser, chat.url);
  for (const name of ["   ", "\u200b", "\u3164\u2800", "\u202e \u2066"]) {
    await page.fill("#name", "");
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.locator("#name-error", { hasText: "others can see" }).waitFor();
    assert.equal(await page.getAttribute("#name", "aria-invalid"), "true");
    assert.equal(await focused(page), "name");
    await page.reload();
  }
  const ada = await Person.named(page, "Ada");
  await ada.sees("Ada");
});

test("a name that only the server refuses is asked for again, with its reason", async (t) => {
  const page = await openWindow(t, browser, chat.url);
  // As if it had been kept from another time.
  await page.evaluate(() => sessionStorage.setItem("name", "x".repeat(33)));
  await page.reload();
  await page.locator("#name-error", { hasText: "1 to 32 characters" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  const ada = await Person.named(page, "Ada");
  await ada.isAnswered("that one fits");
});

test("what cannot be seen makes nobody else of anybody", async (t) => {
  const [ada, eve] = [await arrive(t, "Ada"), await arrive(t, "\u202eA\u200bda\u2800")];
  await ada.enter("mirror");
  await eve.enter("mirror");
  await ada.sees("Ada", "Ada");
  assert.equal(await eve.page.textContent("#me-name"), "Ada", "the page learns what the server made of a name");

  await eve.page.fill("#text", "price\u202e 001 \u2067\u{e0041}");
  await eve.page.press("#text", "Enter");
  const heard = ada.message("price 001");
  await heard.waitFor();
  assert.equal(await heard.locator(".bubble").textContent(), "price 001");
});

test("text from right to left turns nothing around but itself", async (t) => {
  const [ada, eve] = [await arrive(t, "Ada"), await arrive(t, "עדה")];
  await ada.enter("words");
  await eve.enter("words");
  await eve.isAnswered("שלום world");
  await ada.message("שלום").waitFor();
  const styles = await ada.page.evaluate(() => {
    const style = (selector) => getComputedStyle(document.querySelector(`.log:not([hidden]) ${selector}`));
    return [style(".author").unicodeBidi, style(".bubble").direction, style(".meta").direction];
  });
  assert.deepEqual(styles, ["isolate", "rtl", "ltr"]);
  assert.equal(await eve.page.evaluate(() => getComputedStyle(document.querySelector("#me-name")).unicodeBidi), "isolate");
});

test("two people of the same name can be told apart, in the list and beside their messages", async (t) => {
  const [ada, bob] = [await arrive(t, "Ada"), await arrive(t, "Bob")];
  await ada.enter("twins");
  await bob.enter("twins");
  await ada.isAnswered("I was first");
  await bob.message("I was first").waitFor();
  assert.equal(await bob.page.locator(".tag").count(), 0);

  // The second letter is Cyrillic.
  const eve = await arrive(t, "Аda");
  await eve.enter("twins");
  await bob.page.locator("#people .tag").nth(1).waitFor();
  const tags = await bob.page.locator("#people .tag").allTextContents();
  assert.equal(new Set(tags).size, 2);
  await eve.isAnswered("no, I am Ada");
  await bob.message("no, I am Ada").waitFor();
  const [first, second] = await Promise.all(
    ["I was first", "no, I am Ada"].map((text) => bob.message(text).locator(".by .tag").textContent()),
  );
  assert.notEqual(first, second);
  assert.deepEqual([first, second].sort(), tags.sort());
});

test("nobody is signed like one's own messages, and a new name is announced", async (t) => {
  const [ada, eve] = [await arrive(t, "Ada"), await arrive(t, "Eve")];
  await ada.enter("masks");
  await eve.enter("masks");
  await ada.sees("Ada", "Eve");
  await eve.page.click("#rename");
  await eve.page.fill("#name", "You");
  await eve.page.press("#name", "Enter");
  await ada.page.locator(".log:not([hidden]) .notice", { hasText: "Eve is now You" }).waitFor();
  await eve.page.locator("#welcome").waitFor({ state: "hidden" });
  await eve.isAnswered("I am you");
  await ada.message("I am you").locator(".tag").waitFor();
});
