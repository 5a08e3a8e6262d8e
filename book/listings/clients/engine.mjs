// ANCHOR: all
import { Socket } from "engine.io-client";

const url = process.env.ENGINE_URL ?? "http://127.0.0.1:3000";
const socket = new Socket(url, { path: "/engine.io" });
socket.on("open", () => socket.send("hello"));
socket.on("message", (text) => {
  console.log("heard:", text);
  socket.close();
});
// ANCHOR_END: all
