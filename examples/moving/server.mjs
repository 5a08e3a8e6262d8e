// The server of news as it was before, one of several at a Redis. PORT is its port, and REDIS the URL of the Redis.

import { createServer } from "node:http";

import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

// ANCHOR: server
const pubClient = createClient({ url: process.env.REDIS ?? "redis://127.0.0.1" });
const subClient = pubClient.duplicate();
await Promise.all([pubClient.connect(), subClient.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(pubClient, subClient) });

io.on("connection", (socket) => {
  socket.on("follow", (topic, done) => {
    socket.join(`topic:${topic}`);
    done(true);
  });
  socket.on("post", (topic, text, done) => {
    io.to(`topic:${topic}`).emit("news", topic, text);
    done(true);
  });
});
// ANCHOR_END: server

const port = Number(process.env.PORT ?? 3001);
http.listen(port, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
