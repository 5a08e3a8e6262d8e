"""The official Python clients with `serializer="msgpack"`: each case with both clients, in all three modes."""

import asyncio
import datetime
import unittest
import uuid

import msgpack
import socketio
from peers import MODES, AsyncPeer, SyncPeer
from servers import Acceptance


def setUpModule():
    global acceptance
    acceptance = Acceptance()
    unittest.addModuleCleanup(acceptance.stop)


class Cases:
    """What holds for every client; `peer_type` and `mode` are set below."""

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)

    def peer(self, **options):
        peer = self.peer_type(self.mode, serializer="msgpack", **options)
        self.addAsyncCleanup(peer.disconnect)
        return peer

    async def connected(self, peer=None, **options):
        peer = peer or self.peer()
        await peer.connect(acceptance.msgpack, **options)
        return peer

    async def test_auth_goes_in_and_what_connect_emits_comes_out(self):
        auth = {"token": "t", "nested": [1, None, "ü"], "key": b"\x01\x02"}
        peer = self.peer()
        peer.listen("welcome", namespace="/auth")
        await self.connected(peer, namespaces=["/auth"], auth=auth)
        self.assertEqual(await peer.event("welcome", "/auth"), ({"auth": auth},))

    async def test_a_refusal_carries_message_and_data(self):
        peer = self.peer()
        peer.listen("connect_error", namespace="/guard")
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await self.connected(peer, namespaces=["/guard"], auth={"token": "wrong"})
        (error,) = await peer.event("connect_error", "/guard")
        self.assertEqual(error, {"message": "not authorized", "data": {"code": 401, "hint": "token"}})

    async def test_events_and_acknowledgements_go_both_ways(self):
        every_byte = bytes(range(256))
        sent = (1, "two", {"three": [3, None, True, {"er": every_byte}]}, -4.5, "ünï ✓ 😀", [], b"")
        peer = self.peer()
        peer.listen("echoed")
        peer.listen("please", answer=lambda a, b: (b, {"a": a}, b"\x07"))
        await self.connected(peer)
        await peer.emit("echo", *sent)
        self.assertEqual(await peer.event("echoed"), sent)
        self.assertEqual(await peer.call("ask", *sent), sent)
        answer = await peer.call("call", 5_000, "x", b"\x02")
        self.assertEqual(answer, {"ok": [b"\x02", {"a": "x"}, b"\x07"]})

    async def test_numbers_come_back_as_they_went(self):
        numbers = [0, -1, 2**53 + 1, 2**64 - 1, -(2**63), 0.1, 5e-324, 1.7976931348623157e308, 1e21]
        peer = await self.connected()
        self.assertEqual(await peer.call("ask", numbers), numbers)

    async def test_keys_that_are_no_text_become_text(self):
        peer = await self.connected()
        self.assertEqual(await peer.call("ask", {1: "a", "b": {-2: None}}), {"1": "a", "b": {"-2": None}})

    async def test_what_is_not_a_number_becomes_none(self):
        peer = await self.connected()
        self.assertEqual(await peer.call("ask", [float("nan"), float("inf"), 1.5]), [None, None, 1.5])

    async def test_dates_become_text(self):
        stamp = msgpack.Timestamp.from_datetime(datetime.datetime(2020, 1, 2, 3, 4, 5, 6000, datetime.timezone.utc))
        peer = await self.connected()
        self.assertEqual(await peer.call("ask", stamp), "2020-01-02T03:04:05.006Z")

    async def test_a_payload_that_does_not_fit_costs_one_answer(self):
        peer = await self.connected()
        error = await peer.call("typed", {"text": "x", "count": "1"})
        self.assertEqual((error["status"], error["code"], error["index"]), ("error", "invalid_payload", 0))
        self.assertEqual(await peer.call("typed", {"text": "x", "count": 1}), {"ok": True, "text": "x", "count": 1})

    async def test_rooms_of_a_second_namespace(self):
        ada, bob = self.peer(), self.peer()
        bob.listen("news", namespace="/room-7")
        for peer in (ada, bob):
            await self.connected(peer, namespaces=["/", "/room-7"])
        room = str(uuid.uuid4())
        await bob.call("join", room, namespace="/room-7")
        cast = {"from": "socket", "to": [room], "event": "news", "args": [1, b"\x01"]}
        self.assertIs(await ada.call("cast", cast, namespace="/room-7"), True)
        self.assertEqual(await bob.event("news", "/room-7"), (1, b"\x01"))

    async def test_the_client_learns_that_it_was_put_out(self):
        peer = self.peer()
        peer.listen("disconnect")
        await self.connected(peer)
        await peer.emit("bye", False)
        self.assertEqual(await peer.event("disconnect"), ("server disconnect",))


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
