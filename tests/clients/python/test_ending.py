"""A server that ends, ours and one of Node, as polling clients of python-socketio see it."""

import asyncio
import subprocess
import unittest

from peers import AsyncPeer, SyncPeer
from servers import HOST, ROOT, E2e

# Closes when its input has ended and all clients wait for it: others would find the port closed when they poll again.
NODE_SERVER = """
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http);
http.listen(0, "%s", () => console.log(http.address().port));
const close = () => {
  const waits = ({ transport }) => transport.writable;
  Object.values(io.engine.clients).every(waits) ? io.close() : setImmediate(close);
};
process.stdin.resume().on("end", close);
"""


class Node:
    def __init__(self):
        command = ["node", "--input-type=module", "--eval", NODE_SERVER % HOST]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, cwd=ROOT / "tests/clients", **pipes)
        self.url = f"http://{HOST}:{int(self._process.stdout.readline())}"

    def stop(self):
        self._process.communicate(timeout=20)


class Ending(unittest.IsolatedAsyncioTestCase):
    async def test_a_client_that_polls_is_told_of_the_servers_end_as_by_node(self):
        for server_type in (E2e, Node):
            server = server_type()
            peers = [peer_type("polling") for peer_type in (AsyncPeer, SyncPeer)]
            for peer in peers:
                peer.listen("disconnect")
                await peer.connect(server.url)
            # The clients answer while it ends.
            await asyncio.to_thread(server.stop)
            for peer in peers:
                reason = await peer.event("disconnect")
                self.assertEqual(reason, (peer.client.reason.SERVER_DISCONNECT,), server_type.__name__)


if __name__ == "__main__":
    unittest.main()
