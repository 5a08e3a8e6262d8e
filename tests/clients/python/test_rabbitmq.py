"""A RabbitMQ that stands still, is killed and comes back under nodes of sio and servers of python-socketio."""

import asyncio
import collections
import itertools
import signal
import time
import unittest

import test_cluster
from servers import RabbitMq

# It takes that long to start on a busy machine.
START = 120.0

KOMBU = 4
WITHOUT_KOMBU = range(KOMBU)


class Faults(test_cluster.Beside):
    broker_class = RabbitMq

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.servers = [await self.process(mode, self.broker.url) for mode in ("serve", "serve", "kombu")]
        self.peers = [self.one, self.two, *[await self.client(server.url) for server in self.servers]]
        self.said = [[] for _ in self.peers]
        self.numbers = itertools.count()
        for peer in self.peers:
            peer.listen("number")

    async def say(self, count, senders=range(5)):
        """Numbers of several servers; nobody but Kombu's, whose connection is for one thread, waits for the broker."""
        for _ in range(count):
            number = next(self.numbers)
            for sender in senders:
                peer, request = self.peers[sender], {"op": "emit", "event": "number", "args": [sender, number]}
                self.said[sender].append(number)
                if sender < 2:
                    self.assertTrue(await self.cast(peer, "number", sender, number))
                elif sender == KOMBU:
                    await peer.client.call("do", request, timeout=START)
                else:
                    await peer.emit("do", request)
        return number

    def heard(self, peer, sender):
        return [number for of, number in peer.received["number", "/"] if of == sender]

    def assert_once(self):
        for index, peer in enumerate(self.peers):
            for sender in range(len(self.peers)):
                numbers = self.heard(peer, sender)
                twice = [number for number, count in collections.Counter(numbers).items() if count > 1]
                self.assertEqual(twice, [], f"from {sender} to {index}")
            for sender in (0, 1) if index < 2 else ():
                self.assertEqual(self.heard(peer, sender), sorted(self.heard(peer, sender)), "in order")

    async def eventually(self, is_good, what, limit=START):
        end = time.monotonic() + limit
        while not await is_good():
            self.assertLess(time.monotonic(), end, what)
            await asyncio.sleep(0.05)

    async def reach(self):
        """Waits until each hears each."""
        begin = await self.say(1)

        async def is_heard():
            await self.say(1)
            latest = (self.heard(peer, sender)[-1:] for peer in self.peers for sender in range(len(self.peers)))
            return all(numbers and numbers[0] >= begin for numbers in latest)

        await self.eventually(is_heard, "each hears each")

    async def arrive(self, begin, peers=range(5)):
        """Waits until the numbers from one on have come to everybody, or to these."""
        end = time.monotonic() + 20
        for peer in peers:
            for sender, said in enumerate(self.said):
                expected = [number for number in said if number >= begin]
                heard = []
                while heard != expected:
                    self.assertLess(time.monotonic(), end, f"from {sender} to {peer}: {heard} of {expected}")
                    await asyncio.sleep(0.02)
                    heard = sorted(number for number in self.heard(self.peers[peer], sender) if number >= begin)

    async def are_up(self, is_up):
        async def are():
            return all([(await peer.call("cluster"))["up"] == is_up for peer in self.peers[:2]])

        await self.eventually(are, f"the nodes are {'up' if is_up else 'down'}")

    async def test_numbers_go_on_after_it_or_a_server_stood_still_and_after_it_was_killed(self):
        await self.reach()
        # A moment: nothing is lost.
        begin = await self.say(1) + 1
        self.broker.signal("STOP")
        await self.say(20, WITHOUT_KOMBU)
        self.broker.signal("CONT")
        await self.arrive(begin)
        self.assert_once()
        # Longer than nodes wait.
        self.broker.signal("STOP")
        await self.say(10, WITHOUT_KOMBU)
        await self.are_up(False)
        self.broker.signal("CONT")
        await self.are_up(True)
        await self.reach()
        self.assert_once()
        await self.arrive(await self.say(1))
        # Killed, while the nodes speak: the other servers would say again what they do not know to have arrived.
        self.broker.kill()
        await self.say(10, range(2))
        await self.are_up(False)
        await self.say(5, WITHOUT_KOMBU)
        await asyncio.to_thread(self.broker.run)
        await self.are_up(True)
        await self.reach()
        begin = await self.say(1) + 1
        await self.say(20)
        await self.arrive(begin)
        self.assert_once()
        # One of the servers stands still: it has everything when it goes on, and nobody waits for it.
        paused = self.servers[0].process
        paused.send_signal(signal.SIGSTOP)
        begin = await self.say(1, (0, 1, 3, 4))
        await self.say(20, (0, 1, 3, 4))
        await self.arrive(begin, (0, 1, 3, 4))
        paused.send_signal(signal.SIGCONT)
        await self.arrive(begin)
        self.assert_once()


if __name__ == "__main__":
    unittest.main()
