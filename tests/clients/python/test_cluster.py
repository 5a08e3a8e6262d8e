"""Servers and workers of python-socketio beside nodes of sio, at one broker, with real clients on both sides."""

import asyncio
import base64
import json
import math
import pathlib
import subprocess
import sys
import time
import unittest

from peers import DEADLINE, AsyncPeer
from servers import ROOT, Example, Node, RabbitMq, Redis

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE / "foreign" / "server.py"

# The interpreters that have the versions: the newest is the one of all other tests.
VERSIONS = {
    "5.18.1": sys.executable,
    "5.15.0": HERE / "versions" / "5.15" / ".venv" / "bin" / "python",
    "5.13.0": HERE / "versions" / "5.13" / ".venv" / "bin" / "python",
}


def bytes_of(data):
    return {"$": base64.b64encode(data).decode()}


# Arguments of emits, as lists.
EXACT = {
    "none": [],
    "a text": ["hi"],
    "an object": [{"x": 1, "s": "é☃"}],
    "several": ["one", 2, [3], {"four": None}],
    "a list": [[1, 2, 3]],
    "a list of one": [["only"]],
    "an empty list": [[]],
    "bytes": [b"\x00\x01\xfe\xff"],
    "nested bytes": [{"f": b"\x07", "n": ["x", b""]}, b"\x08\x09"],
    "unicode": ["\u0000 \" \\ \u2028 😀 \ud7ff\ue000"],
    "floats": [1.5, -0.25, 1e21, 1e-7, 2.0],
    "large integers": [2**53, -(2**53), 2**63 - 1],
    "booleans": [True, False, None, 0],
    "placeholders": [{"_placeholder": False, "num": 0}, {"_placeholder": True, "num": 0}],
}

# Lists and tuples were one thing before 5.15.1, and bytes in a tuple an error: these have another meaning there.
NOT_IN_5_15 = {"several", "a list", "a list of one", "an empty list", "nested bytes", "floats", "large integers"}
NOT_IN_5_15 |= {"booleans", "placeholders"}


def wrapped(value):
    """Arguments for a process that reads JSON."""
    if isinstance(value, bytes):
        return bytes_of(value)
    if isinstance(value, dict):
        return {key: wrapped(item) for key, item in value.items()}
    return [wrapped(item) for item in value] if isinstance(value, (list, tuple)) else value


class Process:
    """A foreign process, which has to be alive at the end."""

    def __init__(self, mode, url, channel="socketio", version="5.18.1"):
        self.process = subprocess.Popen(
            [VERSIONS[version], PROGRAM, mode, url, channel],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Python's servers complain of garbage at length.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.first = self.process.stdout.readline().split()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.first[1]}"

    def do(self, **what):
        """Has a worker do something."""
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self):
        is_alive = self.process.poll() is None
        self.process.kill()
        self.process.communicate()
        assert is_alive, "a process of python-socketio has ended"


class Beside(unittest.IsolatedAsyncioTestCase):
    """Two nodes of sio and their broker; each test adds servers and workers."""

    broker_class = Redis
    join = "python"
    channel = "socketio"

    @classmethod
    def setUpClass(cls):
        cls.broker = cls.broker_class()
        cls.addClassCleanup(cls.broker.stop)
        cls.nodes = []
        for name in "ab":
            node = Node(cls.broker.url, name, JOIN=cls.join)
            cls.addClassCleanup(node.stop)
            cls.nodes.append(node)

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)
        self.one = await self.client(self.nodes[0].url)
        self.two = await self.client(self.nodes[1].url)
        end = time.monotonic() + DEADLINE
        while await self.nodes_of(self.one) != ["a", "b"]:
            self.assertLess(time.monotonic(), end, "the nodes know each other")

    async def nodes_of(self, peer):
        return (await peer.call("cluster"))["nodes"]

    async def client(self, url, *events, namespace="/"):
        peer = AsyncPeer("websocket")
        self.addAsyncCleanup(peer.disconnect)
        peer.listen("said", "last", namespace=namespace)
        peer.listen("please", namespace=namespace, answer=lambda *args: ("answer", *args))
        peer.listen("disconnect", namespace=namespace)
        await peer.connect(url, namespaces=[namespace])
        return peer

    async def process(self, *args, **options):
        # Its start takes long on a busy machine, and the clients here have to answer pings meanwhile.
        process = await asyncio.to_thread(Process, *args, **options)
        self.addCleanup(process.end)
        return process

    async def server(self, version="5.18.1", mode="serve"):
        """A server, and a client of it; it has subscribed its channel."""
        before = await self.subscribers()
        server = await self.process(mode, self.broker.url, self.channel, version=version)
        client = await self.client(server.url)
        end = time.monotonic() + DEADLINE
        while await self.subscribers() == before:
            self.assertLess(time.monotonic(), end, "the server subscribes")
            await asyncio.sleep(0.01)
        return client

    async def subscribers(self):
        # RabbitMQ's program takes seconds on a busy machine, and the clients here have to answer pings meanwhile.
        return await asyncio.to_thread(self.broker.subscribers, self.channel)

    async def cast(self, peer, event, *args, to=None, **more):
        request = {"from": "server", "event": event, "args": list(args), **more}
        return await peer.call("cast", {**request, **({"to": to} if to else {})})

    async def flushed(self, *peers):
        """Everything that was said on either side before has come, and the processes live."""
        flush = f"flush {time.monotonic_ns()}"
        for peer in peers:
            peer.client.on(flush, peer._collector(flush, "/", None))
        await self.cast(self.one, flush)
        for peer in peers:
            await peer.event(flush)

    def assert_same(self, got, expected, what):
        self.assertEqual(len(got), len(expected), f"{what}: {got!r}")
        for one, other in zip(got, expected):
            # True is equal to 1 here.
            same = one == other and isinstance(one, bool) == isinstance(other, bool)
            self.assertTrue(same, f"{what}: {got!r}")


class Mixed(Beside):
    """Nodes beside servers of python-socketio."""

    # ---- arguments ----

    async def test_arguments_of_a_node_reach_clients_of_python_as_they_are(self):
        theirs = await self.server()
        for count, (what, args) in enumerate(EXACT.items(), 1):
            await self.cast(self.one, "said", *args)
            for peer in (theirs, self.one, self.two):
                self.assert_same(await peer.event("said", count=count), args, what)

    async def test_arguments_of_a_node_reach_clients_of_older_versions(self):
        for version in ("5.15.0", "5.13.0"):
            theirs = await self.server(version)
            for count, args in enumerate(([], ["hi"], [{"x": 1, "s": "é☃"}], [7], [True]), 1):
                await self.cast(self.one, "said", *args)
                self.assert_same(await theirs.event("said", count=count), args, version)

    async def test_arguments_of_servers_and_workers_reach_clients_of_all_nodes_as_they_are(self):
        theirs = await self.server()
        worker = await self.process("work", self.broker.url)
        flask = await self.process("flask", self.broker.url)
        count = 0
        for what, args in EXACT.items():
            for say in (
                lambda request: theirs.call("do", request),
                lambda request: asyncio.to_thread(lambda: worker.do(**request)),
                lambda request: asyncio.to_thread(lambda: flask.do(**request)),
            ):
                count += 1
                await say({"op": "emit", "event": "said", "args": wrapped(args)})
                for peer in (self.one, self.two, theirs):
                    self.assert_same(await peer.event("said", count=count), args, what)

    async def test_arguments_of_older_versions_reach_clients_of_all_nodes(self):
        for version in ("5.15.0", "5.13.0"):
            worker = await self.process("work", self.broker.url, version=version)
            one, two = await self.client(self.nodes[0].url), await self.client(self.nodes[1].url)
            exact = {what: args for what, args in EXACT.items() if version == "5.13.0" or what not in NOT_IN_5_15}
            for count, (what, args) in enumerate(exact.items(), 1):
                done = await asyncio.to_thread(lambda: worker.do(op="emit", event="said", args=wrapped(args)))
                self.assertEqual(done, "ok")
                for peer in (one, two):
                    self.assert_same(await peer.event("said", count=count), args, f"{what} of {version}")

    async def test_numbers_that_json_does_not_have_are_null(self):
        theirs = await self.server()
        await theirs.client.emit("do", {"op": "emit", "event": "said", "args": [1]})
        await self.one.event("said")
        message = {"method": "emit", "event": "said", "data": [math.nan, [math.inf], "NaN"], "binary": False}
        self.broker.publish("socketio", json.dumps({**message, "namespace": "/", "host_id": "x"}))
        self.assertEqual(await self.one.event("said", count=2), (None, [None], "NaN"))

    # ---- whom it reaches ----

    async def test_rooms_sockets_and_those_left_out_are_the_same_on_both_sides(self):
        theirs = await self.server()
        other = await self.client(theirs.client.connection_url)
        sids = {name: peer.sid() for name, peer in zip("12to", (self.one, self.two, theirs, other))}
        await self.one.call("join", "den")
        await theirs.call("do", {"op": "enter", "sid": sids["t"], "room": "den"})
        # Each of the other's sockets.
        await self.two.call("join-other", sids["o"], "loft")
        await theirs.call("do", {"op": "enter", "sid": sids["2"], "room": "loft"})
        everybody = (self.one, self.two, theirs, other)
        await self.flushed(*everybody)

        expected = {peer: [] for peer in everybody}
        for number, (to, skip, who) in enumerate(
            [
                (["den"], [], [self.one, theirs]),
                (["loft"], [], [self.two, other]),
                (["den", "loft"], [], everybody),
                ([sids["o"]], [], [other]),
                ([sids["1"], sids["t"]], [], [self.one, theirs]),
                ([], [sids["t"]], [self.one, self.two, other]),
                (["den", "loft"], [sids["2"], sids["o"]], [self.one, theirs]),
            ]
        ):
            await self.cast(self.two, "said", "node", number, to=to, **({"except": skip} if skip else {}))
            request = {"op": "emit", "event": "said", "args": ["python", number]}
            room = {"to": to[0] if len(to) == 1 else to} if to else {}
            await theirs.call("do", {**request, **room, **({"skip": skip} if skip else {})})
            for peer in who:
                expected[peer] += [("node", number), ("python", number)]
        await self.flushed(*everybody)
        for peer in everybody:
            await peer.until(lambda: len(peer.received["said", "/"]) >= len(expected[peer]), "all of it")
            self.assertEqual(sorted(peer.received["said", "/"]), sorted(expected[peer]))

        await theirs.call("do", {"op": "leave", "sid": sids["2"], "room": "loft"})
        await self.one.call("leave-other", sids["o"], "loft")
        await theirs.call("do", {"op": "close", "room": "den"})
        await self.flushed(*everybody)
        self.assertEqual(await self.one.call("members", "den"), [])
        self.assertEqual(await self.one.call("members", "loft"), [])
        await self.one.call("join", "den")
        await theirs.call("do", {"op": "enter", "sid": sids["t"], "room": "den"})
        await self.one.call("bulk", {"op": "leave", "to": ["den"], "rooms": ["den"]})
        await self.flushed(*everybody)
        self.assertEqual((await theirs.call("do", {"op": "rooms"})), [[sids["t"]]])

    async def test_namespaces_are_kept_apart(self):
        theirs = await self.server()
        apart = await self.client(self.nodes[1].url, namespace="/a")
        await theirs.call("do", {"op": "emit", "event": "said", "args": ["apart"], "namespace": "/a"})
        await theirs.call("do", {"op": "emit", "event": "said", "args": ["nowhere"], "namespace": "/nowhere"})
        self.assertEqual(await apart.event("said", "/a"), ("apart",))
        await self.flushed(self.one, self.two, theirs)
        self.assertEqual(self.one.received["said", "/"] + self.two.received["said", "/"], [])

    async def test_sockets_of_the_other_side_are_disconnected(self):
        theirs = await self.server()
        await theirs.call("do", {"op": "disconnect", "sid": self.two.sid()})
        await self.two.event("disconnect")
        await self.one.call("kick", theirs.sid(), False)
        await theirs.event("disconnect")

    # ---- questions ----

    async def test_sockets_of_the_other_side_are_asked(self):
        theirs = await self.server()
        answer = await theirs.call("do", {"op": "call", "event": "please", "args": ["q", 1], "to": self.two.sid()})
        self.assertEqual(answer, ["answer", "q", 1])
        answer = await self.one.call("call-other", theirs.sid(), 10_000, "q", {"x": [2]})
        self.assertEqual(answer, {"ok": ["answer", "q", {"x": [2]}]})
        # Of many nobody is asked there, but all get it.
        await theirs.call("do", {"op": "enter", "sid": theirs.sid(), "room": "jury"})
        await self.two.call("join", "jury")
        called = await self.one.call("call-room", "jury", 5_000, "all")
        self.assertEqual(called, {"ok": ["answer"], "missing": 0})
        self.assertEqual((await theirs.event("please", count=2)), ("all",))

    async def test_what_python_cannot_be_told_is_an_error_of_the_call(self):
        theirs = await self.server()
        answer = await self.cast(self.one, "said", 1, **{"except": ["muted"]})
        self.assertNotEqual(answer, True)
        await self.flushed(self.one, self.two, theirs)
        for peer in (self.one, self.two, theirs):
            self.assertEqual(peer.received["said", "/"], [], "nobody got it")
        # Users are known to sio only, and their rooms are nobody's there.
        await self.one.call("identify", "ann")
        self.assertTrue(await self.two.call("user-cast", "ann", "said", ["you"]))
        self.assertEqual(await self.one.event("said"), ("you",))

    # ---- many servers ----

    async def test_nothing_comes_twice_or_in_a_loop(self):
        theirs = [await self.server(), await self.server()]
        everybody = [self.one, self.two, *theirs]
        for number in range(50):
            await self.cast(everybody[number % 2], "said", number)
            request = {"op": "emit", "event": "said", "args": [1_000 + number]}
            await theirs[number % 2].call("do", request)
        await self.flushed(*everybody)
        for peer in everybody:
            await peer.until(lambda: len(peer.received["said", "/"]) >= 100, "all of it")
        await self.flushed(*everybody)
        for peer in everybody:
            numbers = [number for (number,) in peer.received["said", "/"]]
            self.assertEqual(sorted(numbers), [*range(50), *range(1_000, 1_050)], "once")
            for sender in range(2):
                of_one = [n for n in numbers if n < 1_000 and n % 2 == sender]
                self.assertEqual(of_one, sorted(of_one), "those of one sender in order")

    async def test_garbage_on_the_channel_harms_nobody(self):
        theirs = await self.server()
        garbage = [b"", b"\xff\x00", b"{}", b"[]", b"null", b'{"method":"emit"}', b"\x80\x04.", b'"' * 10_000]
        garbage += [b'{"method":"emit","event":"e","data":' + b"[" * 100_000, b'{"method":7,"namespace":"/"}']
        for message in garbage:
            self.broker.publish("socketio", message)
        await theirs.call("do", {"op": "emit", "event": "said", "args": [1]})
        self.assertEqual(await self.one.event("said"), (1,))
        self.assertEqual(await self.two.event("said"), (1,))

    async def test_an_emitter_reaches_clients_of_both(self):
        theirs = await self.server()
        emitter = subprocess.Popen(
            [self.nodes[0].emitter],
            env={"CLUSTER": self.broker.url, "CLUSTER_NAME": "elsewhere", "AS": "python"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        lines = [
            {"cast": {"event": "said", "args": ["é", [1], {"x": None}]}},
            {"bulk": {"op": "join", "to": [theirs.sid(), self.one.sid()], "rooms": ["den"]}},
            {"cast": {"event": "said", "args": [2], "to": ["den"], "except": [self.one.sid()]}},
            {"cast": {"event": "said", "args": [3], "except": ["den"]}},
            {"bulk": {"op": "disconnect", "to": ["den"]}},
            {"server": [1]},
            {"user": "ann", "event": "said", "args": [4]},
        ]
        answers = (await asyncio.to_thread(emitter.communicate, "".join(json.dumps(x) + "\n" for x in lines)))[0]
        answers = answers.splitlines()
        self.assertEqual(answers[:3], ["ok"] * 3)
        self.assertEqual([answer.split(":")[0] for answer in answers[3:]], ["error"] * 4)
        self.assertEqual(await theirs.event("said", count=2), (2,))
        await self.flushed(self.one, self.two)
        for peer in (self.one, self.two):
            self.assertEqual(peer.received["said", "/"], [("é", [1], {"x": None})])


class MixedOverRabbitMq(Mixed):
    """The same by RabbitMQ, where python-socketio has two managers: aio-pika's, and Kombu's for programs without asyncio."""

    broker_class = RabbitMq

    # The formats of older versions are the same here, and they know no aio-pika of today.
    test_arguments_of_a_node_reach_clients_of_older_versions = None
    test_arguments_of_older_versions_reach_clients_of_all_nodes = None

    async def test_servers_by_kombu_and_nodes_hear_each_other(self):
        theirs = await self.server(mode="kombu")
        for count, (what, args) in enumerate(EXACT.items(), 1):
            await self.cast(self.one, "said", *args)
            for peer in (theirs, self.one, self.two):
                self.assert_same(await peer.event("said", count=2 * count - 1), args, what)
            await theirs.call("do", {"op": "emit", "event": "said", "args": wrapped(args)})
            for peer in (theirs, self.one, self.two):
                self.assert_same(await peer.event("said", count=2 * count), args, what)


class Workers(unittest.IsolatedAsyncioTestCase):
    """The example of a worker in Python."""

    async def test_the_worker_of_the_example_reaches_those_who_watch_the_order(self):
        redis = Redis()
        self.addCleanup(redis.stop)
        example = Example("workers", REDIS=redis.url)
        self.addCleanup(example.stop)
        watching, other = [AsyncPeer("websocket") for _ in range(2)]
        for peer, order in (watching, 7), (other, 8):
            self.addAsyncCleanup(peer.disconnect)
            peer.listen("progress", namespace="/orders")
            await peer.connect(example.url, namespaces=["/orders"])
            self.assertTrue(await peer.call("watch", order, namespace="/orders"))
        for order in (7, 8):
            worker = [sys.executable, ROOT / "examples" / "workers" / "worker.py", str(order)]
            await asyncio.to_thread(lambda: subprocess.run(worker, env={"REDIS": redis.url}, check=True))
        self.assertEqual(await other.event("progress", "/orders", count=2), (8, "packed"))
        self.assertEqual(watching.received["progress", "/orders"], [(7, "picked"), (7, "packed")])


if __name__ == "__main__":
    unittest.main()
