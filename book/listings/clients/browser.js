// ANCHOR: reference
const socket = io("https://example.com", {
  path: "/socket.io",
  transports: ["websocket", "polling"],
});

const chat = socket.io.socket("/chat");

chat.on("connect", () => {
  console.log("Connected to /chat");
});

chat.on("system_message", (payload) => {
  console.log("System:", payload.text);
});

chat.on("chat_message", (payload) => {
  console.log("Chat:", payload.text);
});

chat.emit("chat_message", { text: "Hello" }, (ack) => {
  console.log("Ack:", ack);
});
// ANCHOR_END: reference

// ANCHOR: auth
const wallet = io("https://example.com/wallet", {
  path: "/socket.io",
  auth: { token: "client-token" },
});

wallet.on("connect_error", (error) => {
  console.log("Refused:", error.message, error.data);
});
// ANCHOR_END: auth

// ANCHOR: errors
/** Sends an event; an answer that is an error becomes an exception. */
async function ask(socket, event, ...args) {
  const answer = await socket.timeout(10_000).emitWithAck(event, ...args);
  if (answer?.status === "error") {
    throw Object.assign(new Error(answer.message), answer);
  }
  return answer;
}
// ANCHOR_END: errors

// ANCHOR: confirm
wallet.on("confirm", (question, answer) => {
  answer(window.confirm(question));
});
// ANCHOR_END: confirm

// ANCHOR: renew
const session = io("/session", {
  auth: async (send) => send({ token: await freshToken() }),
});
session.on("auth_expiring", async () => {
  session.emit("reauth", { token: await freshToken() });
});
session.on("disconnect", (reason) => {
  if (reason === "io server disconnect") session.connect(); // with a fresh token
});
// ANCHOR_END: renew

// ANCHOR: trace
/** Sends an event as a part of a trace, `traceparent`, that this page has begun. */
function say(socket, text, traceparent) {
  socket.emit("say", { text, _trace: traceparent });
}
// ANCHOR_END: trace
