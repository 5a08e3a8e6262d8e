// ANCHOR: all
export default {
  server: {
    proxy: {
      "/socket.io": { target: "http://127.0.0.1:3000", ws: true },
    },
  },
};
// ANCHOR_END: all
