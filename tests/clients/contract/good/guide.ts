// Parts of this are shown in the book.
// ANCHOR: ask
import { io } from "socket.io-client";
import { Chat, isSioError } from "../generated/contract.ts";

const socket: Chat.Client = io(Chat.path, { auth: { token: "secret" } });

const answer = await socket.emitWithAck("chat message", { text: "Hello" });
if (isSioError(answer)) {
  console.error(answer.code); // "muted" | "too_long" | "invalid_payload" | …
} else {
  console.log(answer.id);
}
// ANCHOR_END: ask
