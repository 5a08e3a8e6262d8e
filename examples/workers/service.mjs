// Ships orders: `node service.mjs ORDER`. REDIS is the URL of the Redis.

import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";

// ANCHOR: service
const url = process.env.REDIS ?? "redis://127.0.0.1";
const client = await createClient({ url }).connect();
const orders = new Emitter(client).of("/orders");

function ship(order, label) {
  orders.to(`order:${order}`).emit("shipped", order, label);
}
// ANCHOR_END: service

ship(Number(process.argv[2]), Buffer.from("a label"));
await client.close();
