// ANCHOR: connect
import { Chat, isSioError, type SioError } from "./contract.js";

/** The client that the server serves at /socket.io/socket.io.js. */
declare const io: typeof import("socket.io-client").io;

const room = "lobby";
const name = prompt("Your name?") ?? "";
const login: Chat.Auth = { name };

const socket: Chat.Client = io(Chat.path, { auth: login });
// ANCHOR_END: connect

// ANCHOR: value
/** Returns the value of an answer; an error becomes an exception. */
function value<T>(answer: T | SioError): T {
  if (isSioError(answer)) {
    throw new Error(answer.message);
  }
  return answer;
}
// ANCHOR_END: value

// ANCHOR: ask
const patient = () => socket.timeout(10_000);

socket.on("connect", async () => {
  const rooms = value(await patient().emitWithAck("join_room", room));
  show(`you are in ${rooms.join(", ")}`);
});
socket.on("connect_error", (error) => show(`not connected: ${error.message}`));
// ANCHOR_END: ask

// ANCHOR: events
socket.on("system_message", (text) => show(`* ${text}`));
socket.on("joined", (room, who) => show(`* ${who} joined ${room}`));
socket.on("left", (room, who) => show(`* ${who} left ${room}`));
socket.on("chat_message", ({ from, text }) => show(`${from}: ${text}`));
socket.on("question", (question, answer) => answer(confirm(question)));
// ANCHOR_END: events

// ANCHOR: rest
const input = document.querySelector<HTMLInputElement>("#text")!;
const typing = document.querySelector("#typing")!;
let forget: number | undefined;

socket.on("typing", (room, who) => {
  typing.textContent = `${who} is writing`;
  clearTimeout(forget);
  forget = setTimeout(() => (typing.textContent = ""), 2000);
});

input.addEventListener("input", () => socket.volatile.emit("typing", room));

document.querySelector("#form")!.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    value(await patient().emitWithAck("chat_message", { room, text: input.value }));
    input.value = "";
  } catch (error) {
    show(`not sent: ${error}`);
  }
});

function show(text: string) {
  const line = document.createElement("li");
  line.textContent = text;
  document.querySelector("#messages")!.append(line);
}
// ANCHOR_END: rest
