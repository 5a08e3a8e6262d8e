socket.timeout(40_000).emit("vote", room, "Tea?", (error, yes, no) => {
  console.log(error ?? `${yes} : ${no}`);
});
