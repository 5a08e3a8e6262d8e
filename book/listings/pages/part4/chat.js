// ANCHOR: connect
const room = "lobby";
const name = prompt("Your name?");

// The function is asked before every connection, so after a lost one too.
const socket = io("/chat", { auth: (send) => send({ name }) });

socket.on("connect", async () => {
  const rooms = await ask("join_room", room);
  show(`you are in ${rooms.join(", ")}`);
});
socket.on("connect_error", (error) => show(`not connected: ${error.message}`));
// ANCHOR_END: connect

// ANCHOR: ask
/** Sends an event and gives its acknowledgement; an error answer becomes an exception. */
async function ask(event, ...args) {
  const answer = await socket.timeout(10_000).emitWithAck(event, ...args);
  if (answer?.status === "error") {
    throw new Error(answer.message);
  }
  return answer;
}
// ANCHOR_END: ask

// ANCHOR: events
socket.on("system_message", (text) => show(`* ${text}`));
socket.on("joined", (room, who) => show(`* ${who} joined ${room}`));
socket.on("left", (room, who) => show(`* ${who} left ${room}`));
socket.on("chat_message", ({ from, text }) => show(`${from}: ${text}`));
// ANCHOR_END: events

// ANCHOR: answer
socket.on("question", (question, answer) => answer(confirm(question)));
// ANCHOR_END: answer

// ANCHOR: typing
let forget;
socket.on("typing", (room, who) => {
  document.getElementById("typing").textContent = `${who} is writing`;
  clearTimeout(forget);
  forget = setTimeout(() => (document.getElementById("typing").textContent = ""), 2000);
});

const input = document.getElementById("text");
input.addEventListener("input", () => socket.volatile.emit("typing", room));
// ANCHOR_END: typing

// ANCHOR: send
document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("chat_message", { room, text: input.value });
    input.value = "";
  } catch (error) {
    show(`not sent: ${error.message}`);
  }
});
// ANCHOR_END: send

function show(text) {
  const line = document.createElement("li");
  line.textContent = text;
  document.getElementById("messages").append(line);
}
