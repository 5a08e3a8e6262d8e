"""Clients in Python, in a process that can be stopped: `peer.py CLIENTS`, as `peer.js` does it.

They cannot be recovered: each connection is a life of its own.
"""

import asyncio
import json
import logging
import random
import sys
import time

import aiohttp
import socketio

ROOM = "soak"
BATCH_S = 0.1
PAUSE_S = 0.2
MODES = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


class Gone(Exception):
    """The connection was lost before the answer."""


def once_only():
    """A session that asks no second time when a connection breaks: the events of the answer that got lost are lost."""
    session = aiohttp.ClientSession()
    session._retry_connection = False
    return session


def now():
    return int(time.time() * 1000)


def write(what):
    print(json.dumps(what), flush=True)


class Talker:
    """A client that comes back as another one, for as long as it is wanted."""

    def __init__(self, name, url, mode, every):
        self.name, self.url, self.mode, self.every = name, url, mode, every / 1000
        self.life = -1
        self.node = self.came_at = self.left_at = None
        self.heard = []
        self.mark = None
        self.is_marked = False
        self.is_leaving = False
        self.client = None

    def tell(self, what, **more):
        self.flush()
        write({"what": what, "who": self.name, "life": self.life, "at": now(), **more})

    def hear(self, life, what):
        if life == self.life:
            self.heard.append(what)

    def flush(self):
        heard, self.heard = self.heard, []
        if heard:
            write({"what": "heard", "who": self.name, "life": self.life, "list": heard})

    async def run(self):
        while not self.is_leaving:
            self.client = socketio.AsyncClient(handle_sigint=False, reconnection=False, http_session=once_only)
            lost = asyncio.get_running_loop().create_future()
            try:
                await self.connect(lost)
                await self.talk(lost)
            except (Gone, socketio.exceptions.SocketIOError, AttributeError):
                # The next connection follows. An attribute is missing in a client whose connection broke meanwhile.
                pass
            finally:
                await self.end()
            await asyncio.sleep(PAUSE_S * (0.5 + random.random()))

    async def connect(self, lost):
        life = self.life + 1
        client = self.client
        client.on("number", lambda sender, its_life, number, *_: self.hear(life, [sender, its_life, number]))
        own = f"{self.name}>"
        client.on("echoed", lambda its_life, number, *_: self.hear(life, [own, its_life, number]))
        client.on("please", lambda number: number)
        client.on("disconnect", lambda *_: lost.done() or lost.set_result(None))
        await client.connect(self.url, transports=MODES[self.mode], wait_timeout=10)
        if self.left_at is not None:
            times = {"cameAt": self.came_at, "leftAt": self.left_at}
            self.tell("returned", recovered=False, recovers=False, node=self.node, **times)
        self.flush()
        self.life, self.came_at, self.node = life, now(), None

    async def end(self):
        if self.came_at is not None:
            self.left_at = now()
            self.tell("left")
        try:
            await asyncio.wait_for(self.client.disconnect(), 5)
        except (asyncio.TimeoutError, socketio.exceptions.SocketIOError, AttributeError):
            pass  # It had no connection any more.

    async def talk(self, lost):
        self.node = (await self.ask(lost, "cluster"))["node"]
        await self.ask(lost, "join", ROOM)
        self.tell("came", node=self.node)
        number = 0
        while not self.is_leaving:
            await self.beat(lost, number)
            number += 1
            if self.mark is not None and self.is_marked:
                mark, released = self.mark
                self.tell("marked", nth=mark)
                await self.first(lost, released.wait())
            self.is_marked = self.mark is not None
            await self.first(lost, asyncio.sleep(self.every * (0.5 + random.random())))

    async def beat(self, lost, number):
        try:
            await self.client.emit("echo", (self.life, number))
            args = [self.name, self.life, number]
            answer = await self.ask(lost, "cast", {"from": "server", "to": [ROOM], "event": "number", "args": args})
        except (Gone, socketio.exceptions.SocketIOError, AttributeError):
            self.tell("unsure", number=number)
            raise
        if answer is not True:
            self.tell("wrong", text=f"number {number} was answered with {answer!r}")
        self.tell("acknowledged", number=number)

    async def ask(self, lost, event, *args):
        answered = asyncio.get_running_loop().create_future()
        take = lambda *answer: answered.done() or answered.set_result(answer[0] if answer else None)  # noqa: E731
        await self.client.emit(event, args, callback=take)
        answer = await self.first(lost, answered)
        if isinstance(answer, dict) and answer.get("code") == "shutting_down":
            raise Gone  # The event was not handled, and the connection is about to end.
        return answer

    @staticmethod
    async def first(lost, wanted):
        """What is wanted, unless the connection is lost before."""
        wanted = asyncio.ensure_future(wanted)
        await asyncio.wait([wanted, lost], return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            wanted.cancel()
            raise Gone
        return wanted.result()


async def flushing(talkers):
    while True:
        await asyncio.sleep(BATCH_S)
        for talker in talkers:
            talker.flush()


async def main(clients):
    talkers = [Talker(**client) for client in clients]
    running = [asyncio.create_task(talker.run()) for talker in talkers]
    flusher = asyncio.create_task(flushing(talkers))
    while line := await asyncio.to_thread(sys.stdin.readline):
        what, *nth = line.split()
        for talker in talkers:
            if talker.mark is not None:
                talker.mark[1].set()
            talker.mark = (int(nth[0]), asyncio.Event()) if what == "mark" else None
            talker.is_marked = False
    flusher.cancel()
    for talker in talkers:
        talker.is_leaving = True
        if talker.client:
            await talker.end()
    for task in running:
        task.cancel()


# It tells as errors what the faults are for.
logging.getLogger("engineio.client").setLevel(logging.CRITICAL)
asyncio.run(main(json.loads(sys.argv[1])))
