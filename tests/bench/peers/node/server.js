// The benchmark's server on Node's socket.io. The port is the last argument; PING_INTERVAL_MS sets the heartbeat. With
// BROKER, the URL of a Redis, it is a node of a cluster.
import { createServer } from "node:http";
import { Server } from "socket.io";

const port = Number(process.argv.at(-1));
const http = createServer();
const io = new Server(http, { pingInterval: Number(process.env.PING_INTERVAL_MS ?? 25000) });

if (process.env.BROKER) {
  const [{ createAdapter }, { Redis }] = await Promise.all([import("@socket.io/redis-adapter"), import("ioredis")]);
  const publisher = new Redis(process.env.BROKER);
  io.adapter(createAdapter(publisher, publisher.duplicate()));
}

io.on("connection", (socket) => {
  socket.on("echo", (message, ack) => ack(message));
  socket.on("message", (message) => socket.emit("message-back", message));
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack("ok");
  });
  socket.on("broadcast", (news) => io.to("room1").emit("news", news));
});

http.listen(port, "127.0.0.1", 4096);
