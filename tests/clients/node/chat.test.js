// The tutorial's chat, used as its documents say, and the chat example as a client that knows no more than that.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { io } from "socket.io-client";

import { EACH_MODE, MODES, ask, connected, inbox, open, opened, refused } from "../support/client.js";
import { startAcceptance, startChat } from "../support/servers.js";
import { next, until } from "../support/wait.js";

let acceptance;
let example;

before(async () => {
  acceptance = await startAcceptance();
  example = await startChat();
});

after(async () => {
  await acceptance?.stop();
  await example?.stop();
});

for (const [server, address] of [
  ["tutorial", () => acceptance.chat],
  ["example", () => example.url],
]) {
  for (const mode of EACH_MODE) {
    describe(`chat, ${server}: ${mode}`, () => {
      test("the documents' client is welcomed, heard and answered", async (t) => {
        const socket = io(address(), { path: "/socket.io", transports: MODES[mode], forceNew: true });
        t.after(() => socket.io._close());
        const chat = socket.io.socket("/chat");
        const welcome = next(chat, "system_message");
        await connected(chat, mode);
        assert.deepEqual(await welcome, [{ text: "Welcome!" }]);

        const order = [];
        chat.on("chat_message", (payload) => order.push(payload));
        order.push(await ask(chat, "chat_message", { text: "Hello" }));
        assert.deepEqual(order, [{ text: "Hello" }, { status: "ok" }]);
      });

      test("everybody in the lobby hears it, with or without an acknowledgement", async (t) => {
        const [a, b] = await Promise.all([1, 2].map(() => opened(t, `${address()}/chat`, mode)));
        const heard = inbox(b, "chat_message");
        a.emit("chat_message", { text: "one" });
        await ask(a, "chat_message", { text: "two", more: "is ignored" });
        await until(() => heard.length, (length) => length === 2, "both messages");
        assert.deepEqual(heard, [[{ text: "one" }], [{ text: "two" }]]);
      });

      test("a payload that is no map costs that call only", async (t) => {
        const chat = await opened(t, `${address()}/chat`, mode);
        for (const wrong of ["text", 1, null, ["text"]]) {
          assert.equal((await ask(chat, "chat_message", wrong)).code, "invalid_payload", JSON.stringify(wrong));
        }
        assert.deepEqual(await ask(chat, "chat_message", { text: "fine" }), { status: "ok" });
      });
    });
  }
}

describe("chat example", () => {
  test("a name and rooms given with auth are there from the start", async (t) => {
    const auth = { name: "  Ada   Lovelace ", rooms: ["auth-room"] };
    const chat = await opened(t, `${example.url}/chat`, "websocket", { auth });
    const { people } = await ask(chat, "who", { room: "auth-room" });
    assert.deepEqual(people, [{ id: chat.id, name: "Ada Lovelace" }]);
    assert.ok((await ask(chat, "rooms")).some(({ room, people: size }) => room === "auth-room" && size === 1));
  });

  test("messages stay in their room and say who wrote them", async (t) => {
    const [ada, bob] = await Promise.all(
      ["Ada", "Bob"].map((name) => opened(t, `${example.url}/chat`, "websocket", { auth: { name } })),
    );
    const [toAda, toBob] = [ada, bob].map((socket) => inbox(socket, "chat_message"));
    await ask(ada, "join_room", { room: "quiet" });
    assert.deepEqual(await ask(ada, "chat_message", { room: "quiet", text: "psst" }), { status: "ok" });
    await ask(bob, "who", {});
    assert.deepEqual(toAda, [[{ text: "psst", room: "quiet", from: { id: ada.id, name: "Ada" } }]]);
    assert.deepEqual(toBob, []);

    assert.equal((await ask(bob, "chat_message", { room: "quiet", text: "me too" })).code, "not_in_room");
    await ask(ada, "leave_room", { room: "quiet" });
    assert.equal((await ask(ada, "chat_message", { room: "quiet", text: "still here?" })).code, "not_in_room");
  });

  test("a room's people hear of those who come, change their name and go", async (t) => {
    const room = "coming-and-going";
    const ada = await opened(t, `${example.url}/chat`, "websocket", { auth: { name: "Ada", rooms: [room] } });
    let seen = [];
    ada.on("people", (list) => list.room === room && (seen = list.people.map(({ name }) => name).sort()));
    const sees = (...names) =>
      until(() => seen, (list) => list.join() === names.join(), `the list ${names}`);

    const bob = await opened(t, `${example.url}/chat`, "websocket", { auth: { name: "Bob", rooms: [room] } });
    await sees("Ada", "Bob");
    await ask(bob, "set_name", { name: "Robert" });
    await sees("Ada", "Robert");
    bob.disconnect();
    await sees("Ada");
  });

  test("names and rooms that are none are refused", async (t) => {
    const chat = await opened(t, `${example.url}/chat`, "websocket");
    for (const name of ["", "   ", "x".repeat(33)]) {
      assert.equal((await ask(chat, "set_name", { name })).code, "invalid_payload");
    }
    for (const room of ["", "Rust", "a b", "room:x", "x".repeat(33)]) {
      assert.equal((await ask(chat, "join_room", { room })).code, "invalid_payload");
    }
    const error = await refused(open(t, `${example.url}/chat`, "websocket", { auth: { name: " " } }));
    assert.equal(error.message, "Invalid auth payload");
  });

  test("the page and the browser client are served", async () => {
    const page = await fetch(example.url);
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(await page.text(), /\/socket\.io\/socket\.io\.js/);
    for (const [path, type] of [
      ["/chat.css", /^text\/css/],
      ["/chat.js", /javascript/],
      ["/shared/base.css", /^text\/css/],
      ["/shared/favicon.svg", /^image\/svg\+xml/],
      ["/socket.io/socket.io.js", /javascript/],
      ["/socket.io/socket.io.min.js", /javascript/],
      ["/socket.io/socket.io.esm.min.js", /javascript/],
    ]) {
      const response = await fetch(example.url + path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get("content-type"), type, path);
      await response.arrayBuffer();
    }
    for (const path of ["/missing.txt", "/../Cargo.toml", "/..%2fCargo.toml", "/socket.io/../package.json"]) {
      const { status } = await fetch(example.url + path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    }
  });
});
