// ANCHOR: same
const socket = io("/chat");
// ANCHOR_END: same

// ANCHOR: other
const direct = io("http://127.0.0.1:3000/chat");
// ANCHOR_END: other
