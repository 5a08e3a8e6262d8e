// ANCHOR: connect
// socket.io-client 2.x
const socket = io("https://example.com", { query: { token: "sesame" } });

socket.on("error", (refusal) => console.log("refused:", refusal));

let myId; // not `socket.id`
socket.on("your_id", (id) => {
  myId = id;
});

// Another namespace on the same connection, with a query of its own.
const table = socket.io.socket("/table", { query: { token: "sesame" } });
// ANCHOR_END: connect
