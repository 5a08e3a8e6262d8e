import { io } from "socket.io-client";

const [port, text] = process.argv.slice(2);
const socket = io(`http://127.0.0.1:${port}`);
socket.on("said", (text) => console.log("heard:", text));
socket.on("connect", async () => {
  console.log("connected to", port, socket.recovered ? "again" : "");
  if (text) {
    console.log(await socket.emitWithAck("say", text));
  }
});
