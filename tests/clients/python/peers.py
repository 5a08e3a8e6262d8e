"""The two official Python clients behind one face, so that each case is written once."""

import asyncio
import collections

import socketio

DEADLINE = 15.0

# The three ways in which a client can live. Without a list it begins with polling and upgrades.
MODES = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}


class Peer:
    """A client, the events that it has received, and how to wait for them."""

    def __init__(self, mode, origin=None, **options):
        self.mode = mode
        self.headers = {"Origin": origin} if origin else {}
        self.client = self._make(handle_sigint=False, **{"reconnection": False, **self._defaults(origin), **options})
        self.received = collections.defaultdict(list)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def listen(self, *events, namespace="/", answer=None):
        """Collects these events; `answer` makes the acknowledgement from the arguments."""
        for event in events:
            self.client.on(event, self._collector(event, namespace, answer), namespace=namespace)

    def _collector(self, event, namespace, answer):
        def collect(*args):
            # The synchronous client calls this in a thread of its own.
            self._loop.call_soon_threadsafe(self._collected, event, namespace, args)
            return answer(*args) if answer else None

        return collect

    def _collected(self, event, namespace, args):
        self.received[event, namespace].append(args)
        self._news.set()

    async def until(self, is_good, what):
        """Waits for a condition that this client's events bring about, or what it does beside them."""
        end = self._loop.time() + DEADLINE
        while not is_good():
            if self._loop.time() > end:
                raise AssertionError(f"waited for {what}; received {dict(self.received)!r:.2000}")
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), 0.05)
            except asyncio.TimeoutError:
                pass  # Some conditions, as `connected`, change without an event.

    async def event(self, name, namespace="/", count=1):
        """The arguments of the event's `count`-th occurrence."""
        received = self.received[name, namespace]
        await self.until(lambda: len(received) >= count, f"the event {name}")
        return received[count - 1]

    async def connect(self, url, **options):
        await self._run(
            self.client.connect,
            url,
            headers=self.headers,
            transports=MODES[self.mode],
            wait_timeout=DEADLINE,
            **options,
        )

    async def call(self, event, *args, namespace="/"):
        """The answer; several arguments come as a tuple."""
        data = args if len(args) != 1 else args[0]
        return await self._run(self.client.call, event, data, namespace=namespace, timeout=DEADLINE)

    async def emit(self, event, *args, namespace="/"):
        data = args if len(args) != 1 else args[0]
        await self._run(self.client.emit, event, data, namespace=namespace)

    async def disconnect(self):
        await self._run(self.client.disconnect)

    def sid(self, namespace="/"):
        return self.client.get_sid(namespace)

    @staticmethod
    def _defaults(_origin):
        return {}


class AsyncPeer(Peer):
    """`socketio.AsyncClient`."""

    _make = socketio.AsyncClient

    async def _run(self, function, *args, **options):
        return await function(*args, **options)

    async def emit_all(self, events):
        for event, data in events:
            await self.client.emit(event, data)


class SyncPeer(Peer):
    """`socketio.Client`, which blocks and lives in threads."""

    _make = socketio.Client

    @staticmethod
    def _defaults(origin):
        # Its WebSocket library sends an origin of its own beside the one that is asked for.
        return {"websocket_extra_options": {"suppress_origin": True}} if origin else {}

    async def _run(self, function, *args, **options):
        return await asyncio.to_thread(function, *args, **options)

    async def emit_all(self, events):
        def emit():
            for event, data in events:
                self.client.emit(event, data)

        await asyncio.to_thread(emit)
