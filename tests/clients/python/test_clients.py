"""The official Python clients against real servers: each case with both clients, in all three modes."""

import asyncio
import unittest
import uuid

import socketio
from peers import DEADLINE, MODES, AsyncPeer, SyncPeer
from servers import Acceptance, E2e

EVENTS = 10_000
# How many echoes a client has at most still to come.
IN_FLIGHT = 300

FOREIGN = "http://foreign.example"
ALLOWED = "http://accept.example"


def setUpModule():
    global acceptance, e2e
    acceptance = Acceptance()
    e2e = E2e()
    unittest.addModuleCleanup(e2e.stop)
    unittest.addModuleCleanup(acceptance.stop)


class Cases:
    """What holds for every client; `peer_type` and `mode` are set below."""

    async def asyncSetUp(self):
        # unittest turns the loop's debugging on, which makes a call cost more than all that is tested here.
        asyncio.get_running_loop().set_debug(False)

    def peer(self, **options):
        peer = self.peer_type(self.mode, **options)
        self.addAsyncCleanup(peer.disconnect)
        return peer

    async def connected(self, url=None, peer=None, **options):
        peer = peer or self.peer()
        await peer.connect(url or acceptance.main, **options)
        return peer

    async def refused(self, url, namespace, **options):
        """What the client is told when the server does not let it in."""
        peer = self.peer()
        peer.listen("connect_error", namespace=namespace)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await peer.connect(url, namespaces=[namespace], **options)
        (error,) = await peer.event("connect_error", namespace)
        return error

    # ---- connecting ----

    async def test_the_transport_is_the_one_asked_for(self):
        peer = await self.connected()
        expected = "polling" if self.mode == "polling" else "websocket"
        self.assertEqual(peer.client.transport(), expected)
        me = await peer.call("whoami")
        self.assertEqual(me["transport"], expected)
        self.assertEqual(me["sid"], peer.sid())

    async def test_auth_reaches_the_server(self):
        auth = {"token": "t", "nested": [1, None, "ü"]}
        peer = self.peer()
        peer.listen("welcome", namespace="/auth")
        await self.connected(peer=peer, namespaces=["/auth"], auth=auth)
        self.assertEqual(await peer.event("welcome", "/auth"), ({"auth": auth},))

    async def test_a_refusal_carries_message_and_data(self):
        error = await self.refused(acceptance.main, "/guard", auth={"token": "wrong"})
        self.assertEqual(error, {"message": "not authorized", "data": {"code": 401, "hint": "token"}})

    async def test_a_refusal_without_data_has_none(self):
        self.assertEqual(await self.refused(acceptance.main, "/refuse"), {"message": "no entry"})

    async def test_the_right_auth_is_let_in(self):
        peer = await self.connected(namespaces=["/guard"], auth={"token": "sesame"})
        self.assertEqual(await peer.call("ask", "in", namespace="/guard"), "in")

    async def test_an_unknown_namespace_is_refused(self):
        self.assertEqual(await self.refused(acceptance.main, "/nowhere"), {"message": "Invalid namespace"})

    async def test_false_and_a_panic_in_the_hook_refuse(self):
        self.assertEqual(await self.refused(e2e.url, "/denied"), {"message": "Not authorized"})
        self.assertEqual(await self.refused(e2e.url, "/panics"), {"message": "Internal server error"})

    async def test_typed_auth_that_does_not_fit_is_refused(self):
        error = await self.refused(e2e.url, "/member", auth={"name": 5})
        self.assertEqual(error["message"], "Invalid auth payload")
        self.assertEqual(error["data"]["code"], "invalid_auth")

    # ---- events ----

    async def test_several_arguments_go_there_and_back(self):
        sent = (1, "two", {"three": [3, None, True]}, -4.5, "ünï ✓ 😀")
        peer = self.peer()
        peer.listen("echoed")
        await self.connected(peer=peer)
        await peer.emit("echo", *sent)
        self.assertEqual(await peer.event("echoed"), sent)
        self.assertEqual(await peer.call("ask", *sent), sent)

    async def test_the_client_acknowledges_what_the_server_asks(self):
        peer = self.peer()
        peer.listen("please", answer=lambda a, b: (b, {"a": a}))
        await self.connected(peer=peer)
        self.assertEqual(await peer.call("call", 5_000, "x", [2]), {"ok": [[2], {"a": "x"}]})

    async def test_binary_stays_binary_at_any_depth(self):
        every_byte = bytes(range(256))
        sent = ({"deep": [{"er": every_byte}, "text"], "beside": b""}, b"\x01\x02")
        peer = self.peer()
        peer.listen("echoed")
        await self.connected(peer=peer)
        await peer.emit("echo", *sent)
        self.assertEqual(await peer.event("echoed"), sent)
        self.assertEqual(await peer.call("ask", *sent), sent)
        described = await peer.call("describe", {"list": [b"\xc8\x64"]})
        self.assertEqual(described, [{"t": "map", "v": {"list": {"t": "list", "v": [{"t": "bin", "n": 2, "sum": 300}]}}}])

    async def test_a_bad_payload_and_an_unknown_event_cost_one_answer(self):
        peer = await self.connected()
        for wrong in ["text", {"text": "x"}, {"text": "x", "count": "1"}, ["x", 1], b"\x01"]:
            error = await peer.call("typed", wrong)
            self.assertEqual((error["status"], error["code"]), ("error", "invalid_payload"), wrong)
        self.assertEqual((await peer.call("nobody listens to this"))["code"], "unknown_event")
        self.assertEqual(
            await peer.call("typed", {"text": "x", "count": 1}), {"ok": True, "text": "x", "count": 1}
        )

    async def test_a_panic_costs_one_answer(self):
        peer = await self.connected(e2e.url)
        sid = peer.sid()
        error = await peer.call("panic")
        self.assertEqual(error["code"], "internal")
        self.assertNotIn("secret", str(error))
        self.assertEqual(await peer.call("echo", "alive"), "alive")
        self.assertEqual(peer.sid(), sid)

    async def test_a_handler_may_outlast_the_heartbeat(self):
        peer = self.peer()
        peer.listen("disconnect")
        await self.connected(e2e.url, peer=peer)
        sid = peer.sid()
        # Ping interval and timeout together are one second.
        self.assertEqual(await peer.call("sleep", 3_000), 3_000)
        self.assertEqual(await peer.call("echo", "alive"), "alive")
        self.assertEqual(peer.received["disconnect", "/"], [])
        self.assertEqual(peer.sid(), sid)

    async def test_ten_thousand_events_each_way(self):
        peer = self.peer()
        peer.listen("echoed")
        await self.connected(peer=peer)
        echoed = peer.received["echoed", "/"]
        sent = 0
        while len(echoed) < EVENTS:
            portion = range(sent, min(sent + IN_FLIGHT // 3, EVENTS))
            await peer.emit_all((event, number) for number in portion for event in ("seq", "echo"))
            sent = portion.stop
            due = min(sent, max(sent - IN_FLIGHT, 0) + 1) if sent < EVENTS else EVENTS
            await peer.until(lambda: len(echoed) >= due, f"{due} echoes")
        self.assertEqual(await peer.call("seq-report"), {"count": EVENTS, "ordered": True})
        # The synchronous client runs each handler in a thread of its own: it loses the order by itself.
        seen = sorted(echoed) if self.peer_type is SyncPeer else echoed
        self.assertEqual(seen, [(number,) for number in range(EVENTS)])

    # ---- namespaces and rooms ----

    async def test_namespaces_share_one_connection(self):
        peer = self.peer()
        for namespace in ("/", "/a", "/b"):
            peer.listen("echoed", namespace=namespace)
        await self.connected(peer=peer, namespaces=["/", "/a", "/b"])
        self.assertEqual(len({peer.sid("/"), peer.sid("/a"), peer.sid("/b")}), 3)
        for namespace in ("/", "/a", "/b"):
            await peer.emit("echo", namespace, namespace=namespace)
        for namespace in ("/", "/a", "/b"):
            self.assertEqual(await peer.event("echoed", namespace), (namespace,))
            self.assertEqual((await peer.call("whoami", namespace=namespace))["nsp"], namespace)
            self.assertEqual(peer.received["echoed", namespace], [(namespace,)])

    async def test_rooms_and_broadcasts(self):
        room = f"room-{uuid.uuid4()}"
        peers = [self.peer() for _ in range(3)]
        for peer in peers:
            peer.listen("news")
            await self.connected(peer=peer)
        self.assertEqual(await peers[0].call("join", room), sorted([peers[0].sid(), room]))
        await peers[1].call("join", room)
        await peers[0].call("cast", {"from": "server", "to": [room], "event": "news", "args": [1, "two"]})
        await peers[0].call("cast", {"from": "socket", "to": [room], "event": "news", "args": [b"others"]})
        self.assertEqual(await peers[1].event("news", count=2), (b"others",))
        self.assertEqual(peers[1].received["news", "/"][0], (1, "two"))
        for peer, expected in ((peers[0], [(1, "two")]), (peers[2], [])):
            await peer.call("ask", "fence")
            self.assertEqual(peer.received["news", "/"], expected)

    # ---- leaving ----

    async def reason(self, key):
        witness = await self.connected()
        async with asyncio.timeout(DEADLINE):
            while True:
                entries = await witness.call("journal", key)
                reasons = [entry["reason"] for entry in entries if entry["what"] == "disconnect"]
                if reasons:
                    self.assertEqual(len(reasons), 1)
                    return reasons[0]
                await asyncio.sleep(0.02)

    async def test_the_server_learns_that_the_client_left(self):
        key = str(uuid.uuid4())
        peer = await self.connected(auth={"key": key})
        await peer.disconnect()
        # The client may close the transport before its own packet went out, and the synchronous one over polling
        # may end without a word: the server hears of it at the next heartbeat.
        reasons = ["client namespace disconnect", "transport close"]
        if self.peer_type is SyncPeer and self.mode == "polling":
            reasons.append("ping timeout")
        self.assertIn(await self.reason(key), reasons)

    async def test_the_client_learns_that_it_was_put_out(self):
        key = str(uuid.uuid4())
        peer = self.peer()
        peer.listen("disconnect")
        await self.connected(peer=peer, auth={"key": key})
        await peer.emit("bye", False)
        self.assertEqual(await peer.event("disconnect"), (peer.client.reason.SERVER_DISCONNECT,))
        self.assertEqual(await self.reason(key), "server namespace disconnect")

    async def test_a_server_is_found_again(self):
        first = await asyncio.to_thread(E2e)
        peer = self.peer(reconnection=True, reconnection_delay=0.05, reconnection_delay_max=0.2)
        peer.listen("connect", "disconnect")
        await self.connected(first.url, peer=peer)
        before = peer.sid()
        # Killed: to a server that says goodbye over polling this client does not go back.
        await asyncio.to_thread(first.kill)
        await peer.event("disconnect")
        second = await asyncio.to_thread(E2e, first.port)
        self.addCleanup(second.stop)
        await peer.event("connect", count=2)
        await peer.until(lambda: peer.client.connected, "the client to be connected")
        self.assertNotEqual(peer.sid(), before)
        self.assertEqual(await peer.call("echo", "back"), "back")

    # ---- origin ----

    async def test_a_foreign_origin_is_refused(self):
        peer = self.peer(origin=FOREIGN)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await peer.connect(acceptance.main)

    async def test_an_allowed_origin_is_let_in(self):
        peer = await self.connected(peer=self.peer(origin=ALLOWED))
        self.assertEqual(await peer.call("ask", 1), 1)

    # ---- compressed messages ----

    async def test_large_messages_come_and_go_compressed_if_the_client_asks_for_it(self):
        large = "na" * 20_000
        options = {}
        if self.peer_type is AsyncPeer:
            # Of aiohttp; the library of the other client cannot compress.
            options = {"websocket_extra_options": {"compress": 15}}
        peer = await self.connected(peer=self.peer(**options))
        if options and self.mode != "polling":
            self.assertEqual(peer.client.eio.ws.compress, 15)
        self.assertEqual(await peer.call("ask", large), large)
        self.assertEqual(await peer.call("ask", large.encode()), large.encode())
        self.assertEqual(await peer.call("ask", "small"), "small")

    # ---- the documents' client ----

    async def test_the_tutorial_chat(self):
        peer = self.peer()
        peer.listen("system_message", "chat_message", namespace="/chat")
        await peer.connect(acceptance.chat, socketio_path="socket.io", namespaces=["/chat"])
        self.assertEqual(await peer.event("system_message", "/chat"), ({"text": "Welcome!"},))
        ack = await peer.call("chat_message", {"text": "Hello from Python"}, namespace="/chat")
        self.assertEqual(ack, {"status": "ok"})
        self.assertEqual(await peer.event("chat_message", "/chat"), ({"text": "Hello from Python"},))


def load_tests(loader, _tests, _pattern):
    """One class for each client and mode."""
    suite = unittest.TestSuite()
    for peer_type in (AsyncPeer, SyncPeer):
        for mode in MODES:
            name = f"{peer_type.__name__}_{mode}"
            attributes = {"peer_type": peer_type, "mode": mode, "__module__": __name__}
            case = type(name, (Cases, unittest.IsolatedAsyncioTestCase), attributes)
            suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
