// The Admin UI of Socket.IO in Chromium, with servers of ours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ADMIN_UI, AdminPage } from "../support/admin_page.js";
import { startBalancer } from "../support/balancer.js";
import { launch } from "../support/browser.js";
import { ask, opened } from "../support/client.js";
import { startAcceptance, startNode, startRedis } from "../support/servers.js";
import { next, until } from "../support/wait.js";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

async function serve(t, admin) {
  const server = await startAcceptance({ ADMIN: admin, ADMIN_UI, NODE: "the one" }, ["main"]);
  t.after(() => server.stop());
  return server.main;
}

const open = (t, url) => AdminPage.open(t, browser, `${url}/ui/`);

/** Clicks on the button in the row of a socket, and waits until both are gone. */
async function kick(admin, client) {
  const { id } = client;
  await admin.show("sockets");
  const left = next(client, "disconnect");
  await admin.row(id).getByRole("button").click();
  assert.equal((await left)[0], "io server disconnect");
  // The click has opened the socket's own page.
  await admin.show("sockets");
  await admin.row(id).first().waitFor({ state: "detached" });
}

test("the page refuses a wrong password, shows what happens, and does what it offers", async (t) => {
  const url = await serve(t, "development");
  const [ada, bob] = [await opened(t, url, "websocket"), await opened(t, url, "polling", { upgrade: false })];
  await ask(ada, "join", "lobby");
  await ask(bob, "join", "lobby");
  const admin = await open(t, url);
  await admin.logIn("wrong");
  await admin.page.getByText("Invalid credentials").waitFor();
  await admin.logIn("secret");
  await admin.isConnected();

  await admin.show("servers");
  await admin.row("the one", "healthy").waitFor();
  await admin.show("sockets");
  await admin.row(ada.id, "127.0.0.1", "WebSocket").waitFor();
  await admin.row(bob.id, "127.0.0.1", "HTTP long-polling").waitFor();
  await admin.show("rooms");
  await admin.row("lobby", "2").waitFor();
  await admin.show("clients");
  await admin.row().nth(1).waitFor();

  // Clients that come later are shown too, with their events.
  const eve = await opened(t, url, "upgrade");
  const echoed = next(eve, "echoed");
  eve.emit("echo", "hello");
  await echoed;
  await admin.show("events");
  await admin.row(eve.id, "connection").waitFor();
  await admin.row(eve.id, "event received", "echo").waitFor();
  await admin.row(eve.id, "event sent", "echoed").waitFor();
  await ask(eve, "cast", { from: "server", to: ["lobby"], event: "news" });
  await admin.row("lobby", "event sent", "news").waitFor();
  await ask(eve, "cast", { from: "server", event: "weather" });
  await admin.row("(everybody)", "event sent", "weather").waitFor();

  // A socket joins a room and leaves it, a room is emptied, sockets are disconnected.
  await admin.show("sockets");
  await admin.row(ada.id).getByText(ada.id).click();
  await admin.page.getByLabel("Join a room").fill("jury");
  await admin.page.keyboard.press("Enter");
  await admin.page.locator("main form button").click();
  await until(() => ask(ada, "whoami"), ({ rooms }) => rooms.includes("jury"), "the room");
  await admin.row("jury").getByRole("button").click();
  await until(() => ask(ada, "whoami"), ({ rooms }) => !rooms.includes("jury"), "no room");
  await admin.show("rooms");
  await admin.row("lobby").getByRole("button").first().click();
  await until(() => ask(bob, "whoami"), ({ rooms }) => !rooms.includes("lobby"), "no room");
  await admin.show("rooms");
  await admin.row("lobby").first().waitFor({ state: "detached" });
  await kick(admin, bob);
  assert.ok(ada.connected && eve.connected);

  // A login lasts over a reload.
  await admin.page.reload();
  await admin.isConnected();
  await admin.row(ada.id).waitFor();
});

test("a page that may only look offers nothing else", async (t) => {
  const url = await serve(t, "development,read-only");
  const ada = await opened(t, url, "websocket");
  await ask(ada, "join", "lobby");
  const admin = await open(t, url);
  await admin.logIn("secret");
  await admin.isConnected();
  for (const [part, text] of [["sockets", ada.id], ["rooms", "lobby"]]) {
    await admin.show(part);
    await admin.row(text).waitFor();
    assert.equal(await admin.row(text).getByRole("button").count(), 0);
  }
});

test("in production the page shows counts and nobody", async (t) => {
  const url = await serve(t, "production");
  const clients = [await opened(t, url, "websocket"), await opened(t, url, "polling", { upgrade: false })];
  await ask(clients[0], "ask", 1);
  const admin = await open(t, url);
  await admin.logIn("secret");
  await admin.isConnected();
  const card = (title, ...texts) =>
    texts.reduce((cards, hasText) => cards.filter({ hasText }), admin.page.locator(".v-card", { hasText: title }));
  await card("Clients", /WebSocket\s*2/, /HTTP long-polling\s*1/).first().waitFor();
  await card("Namespaces").locator("tr", { hasText: /^\s*\/\s*2/ }).first().waitFor();
  await card("Servers", /healthy\s*1/i).first().waitFor();
  for (const part of ["Sockets", "Rooms", "Events"]) {
    assert.equal(await admin.page.getByRole("link", { name: part, exact: true }).count(), 0, part);
  }
});

test("one page shows and reaches the sockets of three nodes", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const env = { ADMIN: "development", ADMIN_UI };
  const nodes = await Promise.all(["a", "b", "c"].map((name) => startNode(name, redis, env)));
  t.after(() => Promise.all(nodes.map((node) => node.stop())));
  const balancer = await startBalancer(nodes.map(({ port }) => port));
  t.after(() => balancer.stop());

  const clients = [];
  for (const { url } of nodes) {
    const client = await opened(t, url, "websocket");
    await ask(client, "join", "lobby");
    clients.push(client);
  }
  const admin = await open(t, balancer.url);
  await admin.logIn("secret");
  await admin.isConnected();
  await admin.show("servers");
  for (const name of ["a", "b", "c"]) {
    await admin.row(new RegExp(`^\\s*${name}`), "healthy").waitFor();
  }
  await admin.show("rooms");
  await admin.row("lobby", "3").waitFor();
  for (const client of clients) {
    await kick(admin, client);
  }
  const late = await opened(t, nodes[2].url, "websocket");
  await admin.row(late.id).waitFor();

  // Whichever node answers knows the login.
  await admin.page.reload();
  await admin.isConnected();
  await admin.row(late.id).waitFor();
});
