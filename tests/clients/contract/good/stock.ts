// The stock socket with the generated interfaces, as the documentation of socket.io-client has it.
import { io, type Socket } from "socket.io-client";

import { Chat, isSioError, type Delivered, type SioError } from "../generated/contract.ts";

const auth: Chat.Auth = { token: "secret" };
const socket: Socket<Chat.ServerToClientEvents, Chat.ClientToServerEvents> = io(`https://example.com${Chat.path}`, { auth });

socket.emit("chat message", { text: "Hello" }, (answer) => {
  if (isSioError(answer)) {
    const code: "muted" | "too_long" | "internal" | string = answer.code;
    console.error(code, answer.message, answer.retry_after_ms);
  } else {
    const id: number = answer.id;
    console.log(id);
  }
});
socket.emit("nothing", (error) => console.log(error?.code));
socket.emit("several", (first, more1, more2) => {
  if (!isSioError(first)) {
    const all: [number, boolean | undefined, string | null | undefined] = [first.id, more1, more2];
    console.log(all);
  }
});

const answer: Delivered | SioError = await socket.emitWithAck("chat message", { text: "Hello", mentions: ["Ada"] });
console.log(answer);
