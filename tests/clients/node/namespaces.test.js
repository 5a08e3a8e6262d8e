import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, also, ask, connected, inbox, opened, refused } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";
import { next } from "../support/wait.js";

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

for (const mode of EACH_MODE) {
  describe(`namespaces: ${mode}`, () => {
    test("several share one connection, each with an id of its own", async (t) => {
      const root = await opened(t, acceptance.main, mode);
      const a = await connected(also(root, "/a"));
      const b = await connected(also(root, "/b", { auth: { who: "b" } }));
      assert.equal(new Set([root.id, a.id, b.id, root.io.engine.id]).size, 4);
      const seen = await Promise.all([root, a, b].map((socket) => ask(socket, "whoami")));
      assert.deepEqual(seen.map(({ nsp }) => nsp), ["/", "/a", "/b"]);
      assert.deepEqual((await ask(b, "handshake")).auth, { who: "b" });
    });

    test("an event stays in its namespace", async (t) => {
      const root = await opened(t, acceptance.main, mode);
      const a = await connected(also(root, "/a"));
      const inRoot = inbox(root, "echoed");
      const inA = inbox(a, "echoed");
      await Promise.all([ask(root, "echo", "root"), ask(a, "echo", "a")]);
      assert.deepEqual([inRoot, inA], [[["root"]], [["a"]]]);
    });

    test("rooms of the same name are different rooms", async (t) => {
      const root = await opened(t, acceptance.main, mode);
      const a = await connected(also(root, "/a"));
      await ask(root, "join", "same");
      await ask(a, "join", "same");
      assert.deepEqual(await ask(root, "members", "same"), [root.id]);
      assert.deepEqual(await ask(a, "members", "same"), [a.id]);
    });

    test("leaving one leaves the others alone", async (t) => {
      const root = await opened(t, acceptance.main, mode);
      const a = await connected(also(root, "/a"));
      const b = await connected(also(root, "/b"));
      a.disconnect();
      assert.deepEqual(await Promise.all([ask(root, "ask", 1), ask(b, "ask", 2)]), [1, 2]);
      const before = a.id;
      a.connect();
      await connected(a);
      assert.notEqual(a.id, before);
      assert.equal(await ask(a, "ask", 3), 3);
    });

    test("the server can put a client out of one namespace only", async (t) => {
      const root = await opened(t, acceptance.main, mode);
      const a = await connected(also(root, "/a"));
      const gone = next(a, "disconnect");
      a.emit("bye", false);
      assert.equal((await gone)[0], "io server disconnect");
      assert.equal(await ask(root, "ask", 1), 1);
    });

    test("dynamic namespaces are each their own", async (t) => {
      const one = await opened(t, `${acceptance.main}/room-1`, mode);
      const two = await connected(also(one, "/room-2"));
      assert.equal((await ask(one, "whoami")).nsp, "/room-1");
      assert.equal((await ask(two, "whoami")).nsp, "/room-2");

      const heard = inbox(two, "news");
      await ask(one, "cast", { from: "server", event: "news" });
      assert.equal(await ask(two, "ask", "fence"), "fence");
      assert.deepEqual(heard, []);

      const error = await refused(also(one, "/room-abc"));
      assert.equal(error.message, "Invalid namespace");
    });
  });
}
