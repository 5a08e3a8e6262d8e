// Mistakes, each with a mark below it: where both compilers report it, and as which error.
import { io, type Socket } from "socket.io-client";

import { Chat, Matrix, isSioError } from "../generated/contract.ts";

const stock: Socket<Chat.ServerToClientEvents, Chat.ClientToServerEvents> = io(Chat.path);
const typed: Chat.Client = io(Chat.path);

stock.emit("chat mesage", { text: "x" }, () => {});
//         ^ TS2345
stock.emit("chat message", { txt: "x" }, () => {});
//                           ^ TS2561
stock.emit("chat message", { text: 1 }, () => {});
//                           ^ TS2322
stock.emit("nothing", 1, () => {});
//                       ^ TS2554

typed.emit("unknown");
//         ^ TS2769
typed.emit("chat message", { txt: "x" });
//                           ^ TS2561
typed.emit("chat message");
//    ^ TS2554
typed.emit("optional");
//< TS2345
typed.emit("optional", 1, { text: "x" }, "three");
//                     ^ TS2345
typed.emit("optional", 1, null, 3, 4, 5);
//                     ^ TS2345
typed.emit("bytes", "text");
//                  ^ TS2345
typed.on("news", () => {});
//       ^ TS2345

typed.on("written", (from: number) => console.log(from));
//                  ^ TS2345
typed.on("are_you_there", (seconds, ack) => ack(seconds));
//                                              ^ TS2559
typed.emit("written", "x");
//         ^ TS2769

stock.emit("chat message", { text: "x" }, (answer) => console.log(answer.id));
//                                                                       ^ TS2339
typed.emit("several", (first, more) => console.log(first, more.valueOf()));
//                                                        ^ TS18048
stock.emit("chat message", { text: "x" }, (answer) => {
  if (isSioError(answer) && answer.code === "mute") console.log(answer);
//                          ^ TS2367
});
const answer: number = await typed.emitWithAck("chat message", { text: "x" });
//    ^ TS2322
const timed: number = await typed.timeout(1).emitWithAck("chat message", { text: "x" });
//    ^ TS2322
await typed.timeout(1).emitWithAck("chat message", { text: 1 });
//                                                   ^ TS2769
await typed.timeout(1).emitWithAck("nothing", 1);
//                                            ^ TS2554
await typed.timeout(1).emitWithAck("unknown");
//                                 ^ TS2769

const auth: Chat.Auth = { tokn: "x" };
//                        ^ TS2561
declare const matrix: Matrix.Client;
matrix.emit("internal", { t: "Nwe", name: "x" });
//                        ^ TS2322
matrix.emit("internal", { t: "Struct", a: "x" });
//                                     ^ TS2322
matrix.emit("external", { "new-form": "x" });
//                        ^ TS2322
matrix.emit("words", "Blue");
//                   ^ TS2345
console.log(answer, timed, auth);
