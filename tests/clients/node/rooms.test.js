import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EACH_MODE, ask, inbox, opened } from "../support/client.js";
import { startAcceptance } from "../support/servers.js";

let acceptance;

before(async () => {
  acceptance = await startAcceptance();
});

after(() => acceptance?.stop());

/** Three clients who listen, the first two of them in the room. */
async function three(t, mode, room) {
  const sockets = await Promise.all([1, 2, 3].map(() => opened(t, acceptance.main, mode)));
  await ask(sockets[0], "join", room);
  await ask(sockets[1], "join", room);
  return { sockets, heard: sockets.map((socket) => inbox(socket, "news")) };
}

/** Everything that was emitted to a client before this arrives before it. */
async function settled(sockets) {
  await Promise.all(sockets.map((socket) => ask(socket, "ask", "fence")));
}

for (const mode of EACH_MODE) {
  describe(`rooms: ${mode}`, () => {
    test("joining and leaving show in the list of rooms", async (t) => {
      const socket = await opened(t, acceptance.main, mode);
      const room = `r-${socket.id}`;
      assert.deepEqual(await ask(socket, "join", room), [socket.id, room].sort());
      assert.deepEqual(await ask(socket, "members", room), [socket.id]);
      assert.deepEqual(await ask(socket, "leave", room), [socket.id]);
      assert.deepEqual(await ask(socket, "members", room), []);
    });

    test("the server tells a whole room, the sender included", async (t) => {
      const { sockets, heard } = await three(t, mode, `all-${mode}`);
      await ask(sockets[0], "cast", { from: "server", to: [`all-${mode}`], event: "news", args: [1, "two"] });
      await settled(sockets);
      assert.deepEqual(heard, [[[1, "two"]], [[1, "two"]], []]);
    });

    test("a socket tells the others in a room", async (t) => {
      const { sockets, heard } = await three(t, mode, `others-${mode}`);
      await ask(sockets[0], "cast", { from: "socket", to: [`others-${mode}`], event: "news", args: ["x"] });
      await settled(sockets);
      assert.deepEqual(heard, [[], [["x"]], []]);
    });

    test("who is in two rooms hears it once, and who is excepted not at all", async (t) => {
      const [one, two] = [`one-${mode}`, `two-${mode}`];
      const { sockets, heard } = await three(t, mode, one);
      await ask(sockets[1], "join", two);
      await ask(sockets[2], "join", two);
      await ask(sockets[0], "cast", { from: "server", to: [one, two], except: [sockets[2].id], event: "news" });
      await settled(sockets);
      assert.deepEqual(heard, [[[]], [[]], []]);
    });

    test("a socket's id is a room of its own", async (t) => {
      const { sockets, heard } = await three(t, mode, `id-${mode}`);
      await ask(sockets[0], "cast", { from: "server", to: [sockets[2].id], event: "news", args: ["for you"] });
      await settled(sockets);
      assert.deepEqual(heard, [[], [], [["for you"]]]);
    });

    test("who has left hears nothing more", async (t) => {
      const room = `left-${mode}`;
      const { sockets, heard } = await three(t, mode, room);
      await ask(sockets[1], "leave", room);
      await ask(sockets[0], "cast", { from: "server", to: [room], event: "news", args: [1] });
      await settled(sockets);
      assert.deepEqual(heard, [[[1]], [], []]);
    });

    test("a room is asked, and who answers nothing has answered", async (t) => {
      const room = `asked-${mode}`;
      const { sockets } = await three(t, mode, room);
      sockets[0].on("please", (question, answer) => answer(question + 1, "unused"));
      sockets[1].on("please", (question, answer) => answer());
      const answers = await ask(sockets[2], "call-room", room, 5_000, 1);
      assert.equal(answers.missing, 0);
      assert.deepEqual(new Set(answers.ok), new Set([2, null]));
    });

    test("what is left out of a broadcast may be null", async (t) => {
      const room = `nulls-${mode}`;
      const { sockets, heard } = await three(t, mode, room);
      const nothing = { except: null, flags: null, args: null };
      assert.equal(await ask(sockets[0], "cast", { from: "server", to: [room], event: "news", ...nothing }), true);
      await settled(sockets);
      assert.deepEqual(heard, [[[]], [[]], []]);
    });

    test("binary is broadcast as binary", async (t) => {
      const room = `binary-${mode}`;
      const { sockets, heard } = await three(t, mode, room);
      const payload = { deep: [Buffer.from([1, 2, 3])] };
      await ask(sockets[0], "cast", { from: "server", to: [room], event: "news", args: [payload] });
      await settled(sockets);
      for (const [[received]] of heard.slice(0, 2)) {
        assert.deepEqual([...received.deep[0]], [1, 2, 3]);
      }
    });

    test("a room answers as one", async (t) => {
      const room = `asked-${mode}`;
      const { sockets } = await three(t, mode, room);
      assert.ok((await ask(sockets[0], "caps")).includes("broadcast-ack"), "the server says that it cannot");
      sockets[0].on("please", (x, answer) => answer(x + 1));
      sockets[1].on("please", (x, answer) => answer(x + 2));
      const { ok, missing } = await ask(sockets[2], "call-room", room, 5_000, 10);
      assert.deepEqual(ok.sort(), [11, 12]);
      assert.equal(missing, 0);
    });
  });
}

test("clients of every transport are in one room", async (t) => {
  const sockets = await Promise.all(EACH_MODE.map((mode) => opened(t, acceptance.main, mode)));
  const heard = sockets.map((socket) => inbox(socket, "news"));
  await Promise.all(sockets.map((socket) => ask(socket, "join", "mixed")));
  await ask(sockets[0], "cast", { from: "server", to: ["mixed"], event: "news", args: ["all"] });
  await settled(sockets);
  assert.deepEqual(heard, [[["all"]], [["all"]], [["all"]]]);
});
