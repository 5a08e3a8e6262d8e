// ANCHOR: all
import { io } from "socket.io-client";
import parser from "socket.io-msgpack-parser";

const socket = io("http://127.0.0.1:3000/scores", { parser });
// ANCHOR_END: all

socket.on("play", ({ number, samples }) => console.log(number, samples));
