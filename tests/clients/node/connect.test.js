import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, also, ask, connected, open, opened, refused } from "../support/client.js";
import { startAcceptance, startE2e } from "../support/servers.js";
import { next } from "../support/wait.js";

let acceptance;
let e2e;

before(async () => {
  acceptance = await startAcceptance();
  e2e = await startE2e();
});

after(async () => {
  await acceptance?.stop();
  await e2e?.stop();
});

for (const mode of EACH_MODE) {
  describe(`connecting: ${mode}`, () => {
    test("a client is connected over the transport that it asked for", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const expected = mode === "polling" ? "polling" : "websocket";
      assert.equal(socket.io.engine.transport.name, expected);
      const me = await ask(socket, "whoami");
      assert.deepEqual(me, { sid: socket.id, nsp: "/", transport: expected, rooms: [socket.id], recovered: false });
      assert.notEqual(socket.id, socket.io.engine.id, "the id of the session is a secret");
    });

    if (mode !== "polling") {
      test("a subprotocol that the client asks for is agreed to", async (t) => {
        const socket = await opened(t, acceptance.main, mode, { protocols: ["chat.v2", "chat.v1"] });
        assert.equal(socket.io.engine.transport.ws.protocol, "chat.v2");
      });
    }

    test("the server sees the auth payload", async (t) => {
      const auth = { token: "t", nested: { list: [1, null, "ü"] } };
      const socket = open(t, `${acceptance.main}/auth`, mode, { auth });
      const welcome = next(socket, "welcome");
      await connected(socket, mode);
      assert.deepEqual(await welcome, [{ auth }]);
      assert.deepEqual((await ask(socket, "handshake")).auth, auth);
    });

    test("query and headers reach the handshake", async (t) => {
      const socket = await opened(t, acceptance.main, mode, {
        query: { page: "a b&c" },
        extraHeaders: { "X-Accept": "yes" },
      });
      const { query, headers } = await ask(socket, "handshake");
      assert.equal(query.page, "a b&c");
      assert.equal(headers["x-accept"], "yes");
    });

    test("a hook's decision may take a while", async (t) => {
      const socket = await opened(t, `${acceptance.main}/guard`, mode, { auth: { token: "slow" } });
      assert.equal(await ask(socket, "ask", "in"), "in");
    });

    test("a refusal carries message and data", async (t) => {
      const error = await refused(open(t, `${acceptance.main}/guard`, mode, { auth: { token: "wrong" } }));
      assert.equal(error.message, "not authorized");
      assert.deepEqual(error.data, { code: 401, hint: "token" });
    });

    test("a refusal without data has none", async (t) => {
      const error = await refused(open(t, `${acceptance.main}/refuse`, mode));
      assert.equal(error.message, "no entry");
      assert.equal(error.data, undefined);
    });

    test("a refused socket may try again with better auth", async (t) => {
      const socket = open(t, `${acceptance.main}/guard`, mode, { auth: { token: "wrong" } });
      await refused(socket);
      socket.auth = { token: "sesame" };
      socket.connect();
      await connected(socket);
      assert.equal(await ask(socket, "ask", "in"), "in");
    });

    test("a failing hook fails closed", async (t) => {
      const error = await refused(open(t, `${acceptance.main}/guard`, mode, { auth: { token: "crash" } }));
      assert.ok(error.message.length > 0);
    });

    test("an unknown namespace is refused, and the others live on", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const error = await refused(also(socket, "/nowhere"));
      assert.equal(error.message, "Invalid namespace");
      assert.equal(await ask(socket, "ask", 1), 1);
    });

    test("false says not authorized", async (t) => {
      assert.equal((await refused(open(t, `${e2e.url}/denied`, mode))).message, "Not authorized");
    });

    test("a panic in the hook says nothing of itself", async (t) => {
      assert.equal((await refused(open(t, `${e2e.url}/panics`, mode))).message, "Internal server error");
    });

    test("typed auth makes the consumer", async (t) => {
      const socket = await opened(t, `${e2e.url}/member`, mode, { auth: { name: "Ada", more: true } });
      assert.equal(await ask(socket, "name"), "Ada");
    });

    for (const [what, auth] of [
      ["missing", undefined],
      ["incomplete", { token: "x" }],
      ["of another type", { name: 5 }],
    ]) {
      test(`typed auth that is ${what} is refused`, async (t) => {
        const error = await refused(open(t, `${e2e.url}/member`, mode, { auth }));
        assert.equal(error.message, "Invalid auth payload");
        assert.equal(error.data.code, "invalid_auth");
        assert.equal(typeof error.data.detail, "string");
      });
    }

    test("optional auth may be missing", async (t) => {
      const guest = await opened(t, `${e2e.url}/visitor`, mode);
      assert.equal(await ask(guest, "name"), null);
      const named = await opened(t, `${e2e.url}/visitor`, mode, { auth: { name: "Ada" } });
      assert.equal(await ask(named, "name"), "Ada");
    });
  });
}
