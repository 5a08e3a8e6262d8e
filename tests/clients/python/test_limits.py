"""What the messages of python-socketio cannot say, or say otherwise, beside its real servers; and its older versions."""

import unittest

import test_cluster
from test_cluster import wrapped


class Limits(test_cluster.Beside):
    async def rooms_of(self, theirs):
        (rooms,) = await theirs.call("do", {"op": "rooms"})
        return sorted(set(rooms) - {theirs.sid()})

    async def test_a_change_that_python_has_no_words_for_is_an_error_and_made_to_nobody(self):
        theirs = await self.server()
        sids = [peer.sid() for peer in (self.one, self.two, theirs)]
        await self.one.call("bulk", {"op": "join", "to": sids, "rooms": ["den"]})
        everybody = (self.one, self.two, theirs)
        await self.flushed(*everybody)
        self.assertEqual(await self.rooms_of(theirs), ["den"])
        for change in (
            {"op": "join", "to": ["den"], "rooms": ["loft"]},
            {"op": "join", "rooms": ["loft"]},
            {"op": "join", "to": sids, "except": ["den"], "rooms": ["loft"]},
            {"op": "leave", "to": ["den"], "rooms": ["loft"]},
            {"op": "leave", "to": ["loft", "den"], "rooms": ["den"]},
            {"op": "disconnect", "to": ["den"]},
            {"op": "disconnect"},
            {"op": "disconnect", "to": [theirs.sid()], "close": True},
        ):
            answer = await self.one.call("bulk", change)
            self.assertNotEqual(answer, True, change)
        await self.flushed(*everybody)
        self.assertEqual(sorted(await self.one.call("members", "den")), sorted(sids[:2]))
        self.assertEqual(await self.one.call("members", "loft"), [])
        self.assertEqual(await self.rooms_of(theirs), ["den"])
        self.assertTrue(all(peer.client.connected for peer in everybody))
        # And these it has.
        self.assertTrue(await self.two.call("bulk", {"op": "leave", "to": [theirs.sid(), sids[0]], "rooms": ["den"]}))
        self.assertTrue(await self.two.call("bulk", {"op": "leave", "to": ["den"], "rooms": ["den"]}))
        self.assertTrue(await self.two.call("bulk", {"op": "join", "to": [theirs.sid()], "rooms": ["a", "b"]}))
        await self.flushed(*everybody)
        self.assertEqual(await self.one.call("members", "den"), [])
        self.assertEqual(await self.rooms_of(theirs), ["a", "b"])
        self.assertTrue(await self.two.call("bulk", {"op": "disconnect", "to": [theirs.sid(), sids[0]]}))
        for peer in (theirs, self.one):
            await peer.event("disconnect")

    async def test_one_null_is_no_argument_there(self):
        theirs = await self.server()
        everybody = (self.one, self.two, theirs)
        count = 0
        for args, (here, there), from_there in (
            ([None], ((None,), ()), ()),
            ([None, None], ((None, None), (None, None)), (None, None)),
            ([[None]], (([None],), ([None],)), ([None],)),
            ([{"x": None}], (({"x": None},), ({"x": None},)), ({"x": None},)),
        ):
            count += 2
            await self.cast(self.one, "said", *args)
            for peer, expected in zip(everybody, (here, here, there)):
                self.assertEqual(await peer.event("said", count=count - 1), expected)
            await theirs.call("do", {"op": "emit", "event": "said", "args": args})
            for peer in everybody:
                self.assertEqual(await peer.event("said", count=count), from_there)

    async def test_servers_of_older_versions_are_in_the_same_rooms_and_are_asked(self):
        for version in ("5.15.0", "5.13.0"):
            one, two = await self.client(self.nodes[0].url), await self.client(self.nodes[1].url)
            theirs = await self.server(version)
            other = await self.client(theirs.client.connection_url)
            peers = (one, two, theirs, other)
            den, loft = f"den {version}", f"loft {version}"
            await one.call("join", den)
            await one.call("join-other", other.sid(), loft)
            await theirs.call("do", {"op": "enter", "sid": theirs.sid(), "room": den})
            await theirs.call("do", {"op": "enter", "sid": two.sid(), "room": loft})
            await self.flushed(*peers)
            say = {"op": "emit", "event": "said"}
            for sender, to, skip in (
                ("den", [den], []),
                ("loft", [loft], []),
                ("both", [den, loft], []),
                ("one", [two.sid()], []),
                ("but", [den, loft], [one.sid(), other.sid()]),
            ):
                await self.cast(two, "said", sender, to=to, **({"except": skip} if skip else {}))
                room = {"to": to[0] if len(to) == 1 else to}
                await theirs.call("do", {**say, "args": wrapped([sender]), **room, **({"skip": skip} if skip else {})})
            await self.flushed(*peers)
            heard = {one: "den both", two: "loft both one but", theirs: "den both but", other: "loft both"}
            for peer, words in heard.items():
                expected = sorted((word,) for word in words.split() for _ in range(2))
                await peer.until(lambda: len(peer.received["said", "/"]) >= len(expected), "all of it")
                self.assertEqual(sorted(peer.received["said", "/"]), expected, version)

            answer = await theirs.call("do", {"op": "call", "event": "please", "args": ["q"], "to": two.sid()})
            self.assertEqual(answer, ["answer", "q"], version)
            # A list and several arguments are one thing there.
            answer = await one.call("call-other", theirs.sid(), 10_000, "q", {"x": [2]})
            self.assertEqual(answer, {"ok": ["answer", ["q", {"x": [2]}]]}, version)
            answer = await one.call("call-other", theirs.sid(), 10_000, {"x": [2]})
            self.assertEqual(answer, {"ok": ["answer", {"x": [2]}]}, version)

            await theirs.call("do", {"op": "leave", "sid": two.sid(), "room": loft})
            await one.call("leave-other", other.sid(), loft)
            await theirs.call("do", {"op": "close", "room": den})
            await self.flushed(*peers)
            for room in (den, loft):
                self.assertEqual(await one.call("members", room), [], version)
            await theirs.call("do", {"op": "disconnect", "sid": two.sid()})
            await two.event("disconnect")
            await one.call("kick", other.sid(), False)
            await other.event("disconnect")


if __name__ == "__main__":
    unittest.main()
