// Makes the pictures of the book from the pages of the examples: `node pictures.js FOLDER`.
//
// Times that a page shows are always the same, so that most pictures only change when their page does.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { AdminPage } from "../support/admin_page.js";
import { Person, launch, openWindow } from "../support/browser.js";
import { openSecurely } from "../support/secure.js";
import { startExample } from "../support/servers.js";

const WINDOW = { viewport: { width: 1000, height: 600 }, timezoneId: "UTC", reducedMotion: "reduce" };
const SMALL = { ...WINDOW, viewport: { width: 640, height: 480 } };
const PHONE = { ...WINDOW, viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
const DARK = { ...WINDOW, colorScheme: "dark" };

const TALL = { ...WINDOW, viewport: { width: 1000, height: 960 } };
const NOON = new Date("2026-01-01T12:00:00Z");

/** Short times, so that it does not take long until there is something to see. */
const SETTINGS = { IDLE_SECONDS: "3", TOKEN_SECONDS: "9", DELAY_SECONDS: "3", SPREAD_SECONDS: "0" };

/** How many examples have their pictures taken at a time. */
const AT_A_TIME = 3;

/** Of each example, the pictures: `take(name, shown)` writes one, of a page or a part of it. */
const EXAMPLES = {
  chat,
  "private-messages": privateMessages,
  whiteboard,
  presence,
  "auth-expiry": authExpiry,
  orders,
  magpies,
  operations,
  "echo-axum": echoAxum,
};

async function chat(open, take, url) {
  const arrive = async (name, options) => Person.named(await open(url, options), name);
  const fresh = await open(url, WINDOW);
  await fresh.locator("#welcome").waitFor();
  await take("chat-welcome", fresh);

  const ada = await arrive("Ada Lovelace", WINDOW);
  const bob = await arrive("Charles", DARK);
  const eve = await arrive("Mary", PHONE);
  for (const person of [ada, bob]) {
    await person.enter("engines");
    await person.transport("websocket");
  }
  await eve.page.tap("#rooms-toggle");
  await eve.enter("engines");
  const says = async (writer, text) => {
    await writer.isAnswered(text);
    for (const reader of [ada, bob, eve]) {
      await reader.message(text).waitFor();
    }
  };
  await says(bob, "The mill is done. What first?");
  await says(ada, "Bernoulli numbers! I have the program here.");
  await says(eve, "Does it chat as well?");
  await says(bob, "It does now.");
  await bob.show("lobby");
  await bob.isAnswered("Tea is served in the library.");
  await bob.show("engines");
  for (const person of [ada, eve]) {
    await person.sees(person.name, ...["Ada Lovelace", "Charles", "Mary"].filter((name) => name !== person.name));
  }
  await ada.page.locator(".unread", { hasText: "1" }).waitFor();
  await eve.page.locator("#unread-elsewhere").waitFor();
  await take("chat-room", ada.page);
  await take("chat-dark", bob.page);
  await take("chat-phone", eve.page);
}

async function privateMessages(open, take, url) {
  const logIn = async (name, options) => {
    const page = await open(url, options);
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.locator("#me-name", { hasText: name }).waitFor();
    return page;
  };
  const write = async (page, reader, text) => {
    await page.locator(".user", { hasText: reader }).click();
    await page.fill("#text", text);
    await page.press("#text", "Enter");
    await page.locator(".message[data-own]", { hasText: text }).waitFor();
  };
  const [ada, bob, eve] = [await logIn("Ada", WINDOW), await logIn("Charles", WINDOW), await logIn("Mary", WINDOW)];
  await write(bob, "Ada", "Have you seen the plans?");
  await ada.locator(".user", { hasText: "Charles" }).click();
  await ada.locator(".message", { hasText: "plans" }).waitFor();
  await write(ada, "Charles", "Twice. The second one even fits into a house.");
  await write(eve, "Ada", "Tea at four?");
  await write(eve, "Ada", "Bring the plans.");
  await ada.locator(".unread", { hasText: "2" }).waitFor();
  await take("private-messages", ada);
}

async function whiteboard(open, take, url) {
  const openBoard = async (options) => {
    const page = await open(`${url}/#engine`, options);
    await page.locator('#paper[data-board="engine"]').waitFor();
    return page;
  };
  const [ada, bob] = [await openBoard(WINDOW), await openBoard(WINDOW)];
  const box = await ada.locator("#canvas").boundingBox();
  /** Draws through points that are fractions of the board. */
  const draw = async (page, colour, pen, points) => {
    await page.click(`button[aria-label="${colour}"]`);
    await page.locator("#pen").fill(`${pen}`);
    const [first, ...rest] = points.map(([x, y]) => [box.x + box.width * x, box.y + box.height * y]);
    await page.mouse.move(...first);
    await page.mouse.down();
    for (const point of rest) {
      await page.mouse.move(...point, { steps: 3 });
    }
    await page.mouse.up();
  };
  const wheel = (x, y, radius, teeth) =>
    Array.from({ length: teeth * 2 + 1 }, (_, index) => {
      const angle = (index / (teeth * 2)) * 2 * Math.PI;
      const length = index % 2 ? radius : radius * 0.82;
      return [x + length * Math.cos(angle) * 0.625, y + length * Math.sin(angle)];
    });
  await draw(ada, "blue", 8, wheel(0.3, 0.42, 0.3, 14));
  await draw(ada, "orange", 8, wheel(0.63, 0.62, 0.24, 11));
  await draw(bob, "red", 6, [[0.3, 0.42], [0.45, 0.52], [0.63, 0.62]]);
  await draw(bob, "green", 10, [[0.74, 0.2], [0.78, 0.28], [0.88, 0.1]]);
  const pointer = ada.locator(".pointer");
  // A position may be lost, so there are more of them.
  while ((await pointer.count()) === 0) {
    await bob.mouse.move(box.x + box.width * (0.9 + Math.random() / 50), box.y + box.height * 0.12);
  }
  await take("whiteboard", ada);
}

async function presence(open, take, url) {
  const enter = async (name, team) => {
    const page = await open(url, SMALL);
    await page.fill("#name", name);
    await page.selectOption("#team", team);
    await page.press("#name", "Enter");
    await page.locator("#people li", { hasText: name }).waitFor();
    return page;
  };
  const ada = await enter("Ada", "engineering");
  await enter("Charles", "engineering");
  const mary = await enter("Mary", "engineering");
  await enter("Florence", "support");
  await ada.locator('#people [data-status="away"]', { hasText: "Charles" }).waitFor();
  await mary.close();
  await ada.locator('#people [data-status="offline"]', { hasText: "Mary" }).waitFor();
  await ada.mouse.move(10, 10);
  await ada.locator('#people [data-status="online"]', { hasText: "Ada" }).waitFor();
  await take("presence", ada);
}

async function authExpiry(open, take, url) {
  const page = await open(url, { ...SMALL, viewport: { width: 640, height: 540 } });
  const isAt = (seconds) => page.clock.setFixedTime(new Date(NOON.getTime() + seconds * 1000));
  const happened = (text, times = 1) => page.locator("#log li", { hasText: text }).nth(times - 1).waitFor();
  await page.fill("#name", "Ada");
  await page.fill("#password", "sesame");
  await page.press("#password", "Enter");
  await happened("Connected");
  await isAt(6);
  await happened("Renewed.");
  await page.uncheck("#renew");
  await isAt(12);
  await happened("The token runs out", 2);
  await isAt(15);
  await happened("Connected", 2);
  await isAt(16);
  await page.locator("#left-text", { hasText: "for 8 s" }).waitFor();
  await take("auth-expiry", page);
}

async function orders(open, take, url) {
  const logIn = async (name, options) => {
    const page = await open(url, options);
    // Somewhat later, so that what was ordered a second ago was ordered in the same minute.
    await page.clock.setFixedTime(new Date(NOON.getTime() + 30_000));
    await page.fill("#name", name);
    await page.fill("#password", "sesame");
    await page.press("#password", "Enter");
    await page.locator('#status[data-state="online"]').waitFor();
    return page;
  };
  const order = async (page, drink) => {
    await page.click(`#menu button:has-text("${drink}")`);
    await page.locator("#mine li", { hasText: drink }).waitFor();
  };
  const [ada, mary] = [await logIn("Ada", PHONE), await logIn("Mary", SMALL)];
  const charles = await logIn("Charles", { ...WINDOW, viewport: { width: 1000, height: 640 } });
  await order(ada, "Flat white");
  await order(mary, "Tea");
  await order(mary, "Espresso");
  await order(ada, "Hot chocolate");
  await order(ada, "Espresso");
  await order(mary, "Filter coffee");
  await order(ada, "Tea");
  const advance = async (drink, guest, button) => {
    const card = charles.locator(".order", { hasText: drink }).filter({ hasText: guest });
    await card.locator("button", { hasText: button }).click();
    await card.locator("button", { hasText: button }).waitFor({ state: "detached" });
  };
  await advance("Flat white", "Ada", "Prepare");
  await advance("Flat white", "Ada", "Ready");
  await advance("Tea", "Mary", "Prepare");
  await advance("Hot chocolate", "Ada", "Prepare");
  await advance("Espresso", "Mary", "Prepare");
  await advance("Espresso", "Mary", "Ready");
  await advance("Espresso", "Mary", "Collected");
  await charles.locator("#sold", { hasText: "2.20" }).waitFor();
  await charles.mouse.move(0, 0);
  await take("orders", charles);
  await ada.locator('#mine [data-status="ready"]').waitFor();
  await ada.evaluate(() => document.activeElement.blur());
  await take("orders-guest", ada);
}

async function magpies(open, take, url) {
  const enter = async (name, options) => {
    const page = await open(`${url}/#meadow`, options);
    await page.fill("#name", name);
    await page.press("#name", "Enter");
    await page.locator("#me", { hasText: name }).waitFor();
    return page;
  };
  const [ada, bob] = [await enter("Ada", { ...WINDOW, viewport: { width: 1000, height: 720 } }), await enter("Charles", SMALL)];
  const mary = await enter("Mary", { ...PHONE, colorScheme: "dark" });
  const gathered = ada.locator("#score strong", { hasText: /[1-9]/ });
  // They fly to and fro, over the whole field, until there is something to count.
  for (let turn = 0; (await gathered.count()) < 2; turn += 1) {
    const aside = turn % 32 < 16 ? "ArrowDown" : "ArrowUp";
    const key = ["ArrowRight", aside, "ArrowLeft", aside][turn % 4];
    const delay = key === aside ? 250 : 1500;
    await Promise.all([ada, bob, mary].map((page) => page.locator("#canvas").press(key, { delay })));
  }
  const apart = [[ada, "ArrowLeft", 900], [bob, "ArrowUp", 900], [mary, "ArrowLeft", 300]];
  await Promise.all(apart.map(([page, key, delay]) => page.locator("#canvas").press(key, { delay })));
  await take("magpies", ada);
  await take("magpies-phone", mary);
}

async function echoAxum(open, take, url) {
  const page = await open(url, { ...SMALL, viewport: { width: 640, height: 390 } });
  const line = (text) => page.locator("#log li", { hasText: text }).waitFor();
  await line("connected from");
  await page.fill("#text", "Is there anybody?");
  await page.press("#text", "Enter");
  await line("echoes so far: 1");
  await fetch(`${url}/say`, { method: "POST", body: "Hello from curl" });
  await line("said: Hello from curl");
  // The port is another one each time.
  await page.locator("#origin").evaluate((node) => (node.textContent = "http://127.0.0.1:3000"));
  await take("echo-axum", page);
}

async function operations(open, take, url, server) {
  const enter = async (page) => {
    await page.fill("#password", "sesame");
    await page.press("#password", "Enter");
    await page.locator("#tile-sockets", { hasText: /\d/ }).waitFor();
    return page;
  };
  const light = await enter(await open(url, TALL));
  const dark = await enter(await open(url, { ...TALL, colorScheme: "dark" }));
  const does = async (button) => {
    const before = await light.locator("#tile-events strong").textContent();
    await light.click(button);
    await light.waitForFunction((text) => document.querySelector("#tile-events strong").textContent !== text, before);
  };
  await does("#report-plain");
  for (const work of ["quick", "slow", "failing", "quick"]) {
    await does(`[data-work="${work}"]`);
  }
  await does("#report");
  await does('[data-work="slow"]');
  await take("operations-traces", light.locator("#traces"));
  await take("operations-compression", light.locator("#chart-bytes"));
  await take("operations", light);
  await take("operations-dark", dark);
  const admin = await open.admin(`${url}/ui/`);
  await admin.logIn("sesame");
  await admin.isConnected();
  await admin.page.locator("tr", { hasText: /^\s*\/ops\s*2/ }).waitFor();
  await admin.page.locator("tr", { hasText: /WebSocket\s*[3-9]/ }).waitFor();
  await atRest(admin.page);
  await take("admin", admin.page);
  const secure = await enter(await open.securely(TALL));
  await secure.waitForFunction(() => document.querySelector("#chart-sessions polyline")?.points.length > 5);
  await take("webtransport", secure.locator("#chart-sessions"));
  const stopped = server.stop();
  await light.locator("#draining").waitFor();
  await light.evaluate(() => scrollTo(0, 0));
  await take("operations-stopping", light);
  await stopped;
}

/** Waits until a page that moves looks the same twice. */
async function atRest(page) {
  let last = await page.screenshot();
  for (;;) {
    const now = await page.screenshot();
    if (now.equals(last)) {
      return;
    }
    last = now;
  }
}

/** Makes the pictures of one example. */
async function make(name, browser, folder) {
  const cleanups = [];
  try {
    const server = await startExample(name, SETTINGS);
    cleanups.push(() => server.stop());
    const scope = { after: (cleanup) => cleanups.push(cleanup) };
    const open = (url, options) => openWindow(scope, browser, url, { ...options, now: NOON });
    // Its diagrams are of the last minutes.
    open.admin = (url) => AdminPage.open(scope, browser, url, undefined, { timezoneId: "UTC", reducedMotion: "reduce" });
    open.securely = (options) => openSecurely(scope, name, SETTINGS, { ...options, now: NOON });
    const take = (picture, shown) => shown.screenshot({ path: join(folder, `${picture}.png`), caret: "hide" });
    await EXAMPLES[name](open, take, server.url, server);
  } finally {
    for (const cleanup of cleanups.reverse()) {
      await cleanup();
    }
  }
}

/** Makes all pictures, those of several examples at a time: most of the time is spent waiting for a page to change. */
async function main(folder) {
  await mkdir(folder, { recursive: true });
  const browser = await launch();
  try {
    const names = Object.keys(EXAMPLES);
    const takeTurns = async () => {
      for (let name = names.shift(); name; name = names.shift()) {
        await make(name, browser, folder);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, takeTurns));
  } finally {
    await browser.close();
  }
}

if (process.argv.length !== 3) {
  throw new Error("usage: node pictures.js FOLDER");
}
await main(process.argv[2]);
