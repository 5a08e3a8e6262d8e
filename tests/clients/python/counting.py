"""Clients that count through whatever happens to their servers: `counting.py URL CLIENTS`.

Each sends one number after the other, and again those that were not acknowledged when its connection was lost. Prints
`ready` when all are connected. When its input ends, each goes on until one more number is acknowledged, and then what they
have seen is printed as JSON.
"""

import asyncio
import contextlib
import json
import sys

import socketio

EACH_SECONDS = 0.5
DEADLINE = 60.0


class Counting:
    """A client and what it has seen."""

    def __init__(self, number):
        self.number = number
        self.client = socketio.AsyncClient(handle_sigint=False, reconnection_delay=1)
        self.acknowledged = 0
        self.wrong = []
        self.reasons = []
        self.ids = []
        self.client.on("connect", lambda: self.ids.append(self.client.get_sid()))
        self.client.on("disconnect", self.reasons.append)

    async def connect(self, url):
        transports = ["polling"] if self.number % 3 == 0 else ["websocket"]
        await self.client.connect(f"{url}?client=python{self.number}", transports=transports, wait_timeout=DEADLINE)

    async def come_back(self, url):
        """A client that polls takes the end of its server for the server's wish, and does not come back by itself."""
        if self.client.eio.state == "disconnected" and self.reasons[-1:] == ["server disconnect"]:
            with contextlib.suppress(socketio.exceptions.ConnectionError):
                await self.connect(url)

    async def count(self, url):
        while True:
            try:
                answer = await self.client.call("ask", self.acknowledged, timeout=2)
            except (socketio.exceptions.SocketIOError, AttributeError):
                # The client has no connection at the moment, or has lost it before the answer.
                await asyncio.sleep(0.05)
                await self.come_back(url)
                continue
            if answer != self.acknowledged:
                self.wrong.append(answer)
            self.acknowledged += 1
            await asyncio.sleep(EACH_SECONDS)


async def main(url, count):
    clients = [Counting(number) for number in range(int(count))]
    await asyncio.gather(*(client.connect(url) for client in clients))
    counting = [asyncio.create_task(client.count(url)) for client in clients]
    print("ready", flush=True)

    await asyncio.to_thread(sys.stdin.read)
    before = [client.acknowledged for client in clients]
    async with asyncio.timeout(DEADLINE):
        while any(client.acknowledged <= then for client, then in zip(clients, before)):
            await asyncio.sleep(0.05)
    for task in counting:
        task.cancel()
    seen = {
        "wrong": [answer for client in clients for answer in client.wrong],
        "reasons": sorted({reason for client in clients for reason in client.reasons}),
        "moved": sum(len(set(client.ids)) > 1 for client in clients),
    }
    print(json.dumps(seen), flush=True)
    await asyncio.gather(*(client.client.disconnect() for client in clients))


asyncio.run(main(*sys.argv[1:]))
