// ANCHOR: all
// ANCHOR: set-up
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, test } from "node:test";
import { io } from "socket.io-client";

const url = process.env.CHAT_URL ?? "http://127.0.0.1:3000";
const sockets = [];
after(() => sockets.forEach((socket) => socket.disconnect()));

/** A client that has been let in. */
async function login(name, options = {}) {
  const socket = io(`${url}/chat`, { auth: { name }, forceNew: true, ...options });
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}
// ANCHOR_END: set-up

// ANCHOR: transports
for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
  test(`a message reaches the room, on ${transports.join(" and ")}`, async () => {
    const ada = await login("Ada", { transports });
    const bob = await login("Bob", { transports });
    await ada.emitWithAck("join_room", "rust");
    await bob.emitWithAck("join_room", "rust");

    const received = once(ada, "chat_message");
    await bob.emitWithAck("chat_message", { room: "rust", text: "Hello" });
    assert.deepEqual(await received, [{ room: "rust", from: "Bob", text: "Hello" }]);
  });
}
// ANCHOR_END: transports

// ANCHOR: refused
test("a client without a name is refused", async () => {
  const socket = io(`${url}/chat`, { auth: { name: " " }, forceNew: true });
  sockets.push(socket);
  const [error] = await once(socket, "connect_error");
  assert.equal(error.message, "A name is required");
  assert.deepEqual(error.data, ["name"]);
});
// ANCHOR_END: refused
// ANCHOR_END: all
