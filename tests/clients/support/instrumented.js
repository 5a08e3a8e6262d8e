// The acceptance application's events in a server of Node that `instrument()` shows to the Admin UI: `{ url, stop }`.

import { createServer } from "node:http";
import { once } from "node:events";

import adminUi from "@socket.io/admin-ui";
import { Server } from "socket.io";

/** Of the password `secret`. */
const HASH = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";

export async function startInstrumented(options = {}) {
  const http = createServer();
  const io = new Server(http);
  adminUi.instrument(io, { auth: { type: "basic", username: "ops", password: HASH }, mode: "development", ...options });
  io.on("connection", (socket) => {
    socket.on("join", (room, answer) => {
      socket.join(room);
      answer([...socket.rooms]);
    });
    socket.on("leave", (room, answer) => {
      socket.leave(room);
      answer([...socket.rooms]);
    });
    socket.on("echo", (...args) => socket.emit("echoed", ...args));
    socket.on("ask", (...args) => args.pop()(...args));
    socket.on("cast", ({ to = [], event, args }, answer) => {
      (to.length > 0 ? io.to(to) : io).emit(event, ...args);
      answer(true);
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { url: `http://127.0.0.1:${http.address().port}`, stop: () => io.close() };
}
