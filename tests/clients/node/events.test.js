import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, answers, ask, inbox, opened } from "../support/client.js";
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

const bytes = (...values) => Buffer.from(values);

/** Buffers and arrays of bytes compare alike whatever class they have. */
function plain(value) {
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    return { bytes: [...new Uint8Array(value.buffer ? value : new Uint8Array(value))] };
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  }
  return value;
}

for (const mode of EACH_MODE) {
  describe(`events: ${mode}`, () => {
    test("several arguments go there and back", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const sent = [1, "two", { three: [3, null, true] }, null, -4.5, "ünï ✓ 😀", []];
      const echoed = next(socket, "echoed");
      assert.deepEqual(await answers(socket, "echo", ...sent), []);
      assert.deepEqual(await echoed, sent);
      assert.deepEqual(await answers(socket, "ask", ...sent), sent);
    });

    test("numbers come back as they went", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const numbers = [0, 0.1, 1e21, 5e-324, 1.7976931348623157e308, Number.MAX_SAFE_INTEGER, -1];
      assert.deepEqual(await ask(socket, "ask", numbers), numbers);
    });

    test("names of every shape are heard", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      for (const name of ["chat message", "user.joined", "ünï-cødé ✓", "multi:colon", 'quote"s', "a,b", "/slash", "42"]) {
        const heard = next(socket, name);
        assert.equal(await ask(socket, name, name, 1), name);
        assert.deepEqual(await heard, [name, 1]);
      }
    });

    test("the client acknowledges what the server asks", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      socket.on("please", (a, b, answer) => answer(b, { a }, bytes(7)));
      const { ok } = await ask(socket, "call", 5_000, "x", [2]);
      assert.deepEqual(plain(ok), plain([[2], { a: "x" }, bytes(7)]));
    });

    test("a client that never answers costs the server only its deadline", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const asked = next(socket, "please");
      assert.deepEqual(await ask(socket, "call", 50), { timeout: true });
      await asked;
      assert.equal(await ask(socket, "ask", "alive"), "alive");
    });

    test("binary stays binary at any depth, both ways", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const all = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const sent = [{ deep: [{ er: all }, "text"], beside: bytes() }, bytes(1, 2, 3), { _placeholder: false }];
      const echoed = next(socket, "echoed");
      assert.deepEqual(await answers(socket, "echo", ...sent), []);
      assert.deepEqual(plain(await echoed), plain(sent));
      assert.deepEqual(plain(await answers(socket, "ask", ...sent)), plain(sent));
    });

    test("the server has decoded what it sends back", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const described = await ask(socket, "describe", null, false, 1.5, "ä", bytes(200, 100), { list: [bytes(1)] });
      assert.deepEqual(described, [
        { t: "null" },
        { t: "bool", v: false },
        { t: "num", v: 1.5 },
        { t: "str", n: 2 },
        { t: "bin", n: 2, sum: 300 },
        { t: "map", v: { list: { t: "list", v: [{ t: "bin", n: 1, sum: 1 }] } } },
      ]);
    });

    test("an event without a handler is answered with an error", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const error = await ask(socket, "nobody listens to this");
      assert.equal(error.status, "error");
      assert.equal(error.code, "unknown_event");
    });

    test("a payload of the wrong type costs one answer only", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      for (const wrong of [[], [null], [1], [["x", 1]], [{ text: "x" }], [{ text: "x", count: "1" }], [bytes(1)]]) {
        const error = await ask(socket, "typed", ...wrong);
        assert.equal(error.status, "error", JSON.stringify(wrong));
        assert.equal(error.code, "invalid_payload", JSON.stringify(wrong));
        assert.equal(error.index, 0, JSON.stringify(wrong));
      }
      assert.deepEqual(await ask(socket, "typed", { text: "x", count: 1 }), { ok: true, text: "x", count: 1 });
    });

    test("a handler's own error is told with its fields", async (t) => {
      const socket = await opened(t, e2e.url, mode);
      assert.deepEqual(await ask(socket, "fail"), {
        status: "error",
        code: "out_of_tea",
        message: "there is no tea left",
        kind: "green",
      });
    });

    test("a panic costs one acknowledgement and tells nothing", async (t) => {
      const socket = await opened(t, e2e.url, mode);
      const { id } = socket;
      assert.equal(await ask(socket, "count"), 1);
      const [before, error, after] = await Promise.all([
        ask(socket, "echo", "before"),
        ask(socket, "panic"),
        ask(socket, "echo", "after"),
      ]);
      assert.deepEqual([before, after], ["before", "after"]);
      assert.equal(error.code, "internal");
      assert.doesNotMatch(JSON.stringify(error), /secret/);
      assert.equal(await ask(socket, "count"), 2, "the client's state outlives the panic");
      assert.equal(socket.id, id);
    });

    test("a slow concurrent handler holds nobody up", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const order = [];
      const slow = ask(socket, "slow-ack", 300).then((value) => order.push(value));
      const quick = ask(socket, "ask", "quick").then((value) => order.push(value));
      await Promise.all([slow, quick]);
      assert.deepEqual(order, ["quick", 300]);
    });

    test("volatile events arrive on a quiet connection", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const heard = inbox(socket, "maybe");
      const cast = { from: "server", to: [socket.id], flags: ["volatile"], event: "maybe", args: [1] };
      // On polling it is lost when no GET is open at that moment: then another one is sent.
      for (let tries = 0; heard.length === 0 && tries < (mode === "websocket" ? 1 : 200); tries++) {
        assert.equal(await ask(socket, "cast", cast), true);
        assert.equal(await ask(socket, "ask", "fence"), "fence");
      }
      assert.deepEqual(heard, [[1]]);
    });
  });
}
