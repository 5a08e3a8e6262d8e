// ANCHOR: connect
const socket = io("/chat");

socket.on("connect", () => show("connected"));
socket.on("disconnect", (reason) => show(`disconnected: ${reason}`));
socket.on("connect_error", (error) => show(`not connected: ${error.message}`));
// ANCHOR_END: connect

// ANCHOR: events
socket.on("system_message", ({ text }) => show(`* ${text}`));
socket.on("chat_message", ({ text }) => show(text));
// ANCHOR_END: events

// ANCHOR: send
document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = document.getElementById("text");
  socket.emit("chat_message", { text: input.value }, (ack) => {
    if (ack.status === "ok") {
      input.value = "";
    } else {
      show(`not sent: ${ack.message}`);
    }
  });
});
// ANCHOR_END: send

// ANCHOR: show
function show(text) {
  const line = document.createElement("li");
  line.textContent = text;
  document.getElementById("messages").append(line);
}
// ANCHOR_END: show
