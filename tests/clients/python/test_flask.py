"""Servers of Flask-SocketIO at their default channel beside nodes of sio, with real clients on both sides."""

import unittest

import test_cluster
from test_cluster import EXACT, wrapped


class BesideFlask(test_cluster.Beside):
    join = "flask"
    channel = "flask-socketio"

    async def flask(self):
        return await self.server(mode="serve-flask")

    async def test_arguments_reach_clients_of_both_as_they_are(self):
        theirs = await self.flask()
        everybody = (self.one, self.two, theirs)
        for count, (what, args) in enumerate(EXACT.items()):
            await self.cast(self.one, "said", *args)
            for peer in everybody:
                self.assert_same(await peer.event("said", count=2 * count + 1), args, what)
            await theirs.call("do", {"op": "emit", "event": "said", "args": wrapped(args)})
            for peer in everybody:
                self.assert_same(await peer.event("said", count=2 * count + 2), args, what)
        await self.flushed(*everybody)
        for peer in everybody:
            self.assertEqual(len(peer.received["said", "/"]), 2 * len(EXACT), "nothing comes twice")

    async def test_rooms_and_sockets_are_the_same_on_both_sides(self):
        theirs, other = await self.flask(), await self.flask()
        await self.one.call("join", "den")
        await theirs.call("do", {"op": "enter", "sid": self.two.sid(), "room": "den"})
        await self.one.call("join-other", other.sid(), "den")
        await self.flushed(self.one, self.two, theirs, other)
        await theirs.call("do", {"op": "emit", "event": "said", "args": [1], "to": "den", "skip": self.two.sid()})
        await self.cast(self.two, "said", 2, to=["den"], **{"except": [other.sid()]})
        await theirs.call("do", {"op": "emit", "event": "said", "args": [3], "to": ["den", theirs.sid()]})
        await self.cast(self.one, "said", 4, to=["den", theirs.sid()])
        await self.flushed(self.one, self.two, theirs, other)
        await self.cast(self.two, "last")
        heard = ((self.one, [1, 2, 3, 4]), (self.two, [2, 3, 4]), (theirs, [3, 4]), (other, [1, 3, 4]))
        for peer, expected in heard:
            await peer.event("last")
            await peer.until(lambda: len(peer.received["said", "/"]) >= len(expected), "all of it")
            self.assertEqual(sorted(peer.received["said", "/"]), [(number,) for number in expected])
        await other.call("do", {"op": "close", "room": "den"})
        await self.flushed(self.one, self.two, theirs, other)
        self.assertEqual(await self.one.call("members", "den"), [])

    async def test_sockets_of_the_other_side_are_asked_and_disconnected(self):
        theirs = await self.flask()
        answer = await theirs.call("do", {"op": "call", "event": "please", "args": ["q"], "to": self.two.sid()})
        self.assertEqual(answer, ["answer", "q"])
        answer = await self.one.call("call-other", theirs.sid(), 10_000, "q", [2])
        self.assertEqual(answer, {"ok": ["answer", "q", [2]]})
        await theirs.call("do", {"op": "disconnect", "sid": self.two.sid()})
        await self.two.event("disconnect")
        await self.one.call("kick", theirs.sid(), False)
        await theirs.event("disconnect")


if __name__ == "__main__":
    unittest.main()
