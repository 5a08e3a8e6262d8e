// The socket of the module: acknowledgements may be left out, and so may arguments that the server does not demand.
import { io } from "socket.io-client";

import { Chat, Matrix, Main, RoomsId, isSioError, type SioError } from "../generated/contract.ts";

const socket: Chat.Client = io(`https://example.com${Chat.path}`, { auth: { token: "secret" } satisfies Chat.Auth });
socket.on("connect", () => console.log(socket.id));
socket.on("connect_error", (error) => console.log(error.message));

socket.on("written", (from, message, times) => console.log(from.length, message.mentions.length, times.toFixed()));
socket.on("picture added", (name, picture) => console.log(name, picture.byteLength));
socket.on("are_you_there", (seconds, ack) => ack({ yes: seconds > 1 }));
socket.on("are_you_there", (_, ack) => ack({}));
socket.on("pair", ([number, is], maybe, ack) => ack(is ? number : 0, maybe ?? "none"));
socket.on("nothing", () => console.log("nothing"));

socket.emit("chat message", { text: "Hello" });
socket.emit("chat message", { text: "Hello", picture: new Uint8Array([1, 2]) });
socket.emit("chat message", { text: "Hello", picture: null }, (answer) => console.log(answer));
socket.volatile.emit("nothing");
socket.emit("optional", 1);
socket.emit("optional", 1, { text: "Hello" });
socket.emit("optional", 1, null, 3, (answer) => console.log(answer));
socket.emit("optional", 1, (answer: number | SioError) => console.log(answer));
socket.emit("rest", "room", 1, "two", { three: 3 });
socket.emit("bytes", new ArrayBuffer(3), (answer) => {
  if (!isSioError(answer)) console.log(new Uint8Array(answer).length);
});
socket.emit("opaque", { any: "thing" }, undefined);

async function ask(): Promise<string> {
  const answer = await socket.timeout(1_000).emitWithAck("chat message", { text: "Hello" });
  if (isSioError(answer)) {
    switch (answer.code) {
      case "muted":
      case "too_long":
        return answer.message;
      default: {
        // Only codes of sio are left.
        const code: "internal" | "invalid_payload" | "payload_too_large" | "rate_limited" | "shutting_down" | "timeout" | "unknown_event" = answer.code;
        return code;
      }
    }
  }
  const count = await socket.timeout(1_000).emitWithAck("optional", 1);
  const same: number | SioError = await socket.emitWithAck("optional", 1);
  console.log(same);
  return `${answer.id} ${isSioError(count) ? 0 : count + 1}`;
}
socket.timeout(1_000).emit("chat message", { text: "Hello" }, (error, answer) => {
  if (error === null && !isSioError(answer)) console.log(answer.id);
});
void ask();

const room: RoomsId.Client = io("https://example.com/rooms/7");
// The auth payload is optional there, and is an object where there is one.
const auth: RoomsId.Auth = { token: "secret" };
io("https://example.com/rooms/7", { auth });
room.emit("where", (answer) => console.log(isSioError(answer) ? 0 : answer + 1));

const main: Main.Client = io(`https://example.com${Main.path}`);
main.emit("echo", "a", 1, (first, second) => console.log(first, second?.toFixed()));

function told(event: Matrix.ClientToServerEvents["internal"] extends (value: infer T, ...rest: any[]) => void ? T : never): string {
  // A tag tells the forms apart.
  switch (event.t) {
    case "Unit":
      return "unit";
    case "New":
      return event.name;
    case "Struct":
      return `${event.a + (event.b ?? 0)}`;
    case "Map":
      return Object.keys(event).join();
  }
}
console.log(told({ t: "New", name: "n" }));

// Code that takes the stock socket takes this one.
declare function watch(socket: { on(event: "connect", listener: () => void): unknown; connected: boolean }): void;
watch(socket);
declare function stock(socket: import("socket.io-client").Socket<Chat.ServerToClientEvents, Chat.ClientToServerEvents>): void;
stock(socket);
