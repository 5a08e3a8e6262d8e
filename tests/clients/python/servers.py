"""Starts the real servers on free ports and stops them again, each by its own process id."""

import collections
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import redis

HOST = "127.0.0.1"
ROOT = pathlib.Path(__file__).resolve().parents[3]

# Where the programs are: SIO_BIN, or what `cargo build` made.
BIN = pathlib.Path(
    os.environ.get("SIO_BIN") or pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug")
)

START_DEADLINE = 15.0
# A server may take its time to say goodbye to its clients: its drain lasts 10 s by default.
STOP_DEADLINE = 20.0


class Program:
    """A running server."""

    def __init__(self, name, args, env, patterns):
        """Starts it and waits until each pattern was printed; `found` are the matches."""
        self.log = collections.deque(maxlen=200)
        self.process = subprocess.Popen(
            [BIN / name, *args],
            env={**os.environ, "HOST": HOST, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.found = []
        self._ready = threading.Event()
        self._readers = [
            threading.Thread(target=self._read_output, args=(list(patterns),), daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

        end = time.monotonic() + START_DEADLINE
        while not self._ready.wait(0.02):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                self._close()
                raise RuntimeError(f"{name} did not start\n{''.join(self.log)}")

    def _read_output(self, patterns):
        for line in self.process.stdout:
            for pattern in patterns:
                if match := re.search(pattern, line):
                    self.found.append(match)
                    patterns.remove(pattern)
                    break
            if not patterns:
                self._ready.set()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line)

    def _close(self):
        self.process.wait()
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self):
        """Asks the server to end, and fails unless it does so in time and with code 0."""
        self.process.terminate()
        try:
            self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._close()
        if self.process.returncode != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}\n{''.join(self.log)}")

    def kill(self):
        """Ends the server without a word to anybody."""
        self.process.kill()
        self._close()


# The profiles of the acceptance application that the tests use, and their distances from the base port.
PROFILES = {"main": 1, "msgpack": 3, "chat": 5}


class Acceptance:
    """The acceptance application: `main`, `msgpack` and `chat` are addresses."""

    def __init__(self):
        # PORT is the base of a range of ports; another program may take one of them before the server does.
        for attempt in range(3):
            base = free_range(6)
            patterns = [f"^listening {name} {base + distance}$" for name, distance in PROFILES.items()]
            try:
                self._program = Program("acceptance", list(PROFILES), {"PORT": str(base)}, patterns)
                break
            except RuntimeError:
                if attempt == 2:
                    raise
        for name, distance in PROFILES.items():
            setattr(self, name, f"http://{HOST}:{base + distance}")

    def stop(self):
        self._program.stop()


class E2e:
    """The server with the short heartbeat."""

    def __init__(self, port=0):
        self._program = Program("e2e_server", [], {"PORT": str(port)}, [r"^listening e2e (\d+)$"])
        self.port = int(self._program.found[0][1])
        self.url = f"http://{HOST}:{self.port}"

    def stop(self):
        self._program.stop()

    def kill(self):
        self._program.kill()


def free_range(count):
    """The first of `count` neighbouring ports that are all free now."""
    while True:
        first = _listen_once(0)
        if first and first + count < 65536 and all(_listen_once(first + i) for i in range(1, count)):
            return first


def _listen_once(port):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return None
        return listener.getsockname()[1]


class Redis:
    """A Redis of its own, as `REDIS` names the program."""

    def __init__(self):
        port = free_range(1)
        self.url = f"redis://{HOST}:{port}"
        program = os.environ.get("REDIS", "/usr/bin/redis-server")
        args = ["--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"]
        self._program = Program(program, args, {}, ["Ready to accept connections"])

    def subscribers(self, channel):
        """How many connections hear it."""
        with redis.Redis.from_url(self.url) as connection:
            return connection.pubsub_numsub(channel)[0][1]

    def publish(self, channel, message):
        with redis.Redis.from_url(self.url) as connection:
            connection.publish(channel, message)

    def stop(self):
        self._program.stop()


class RabbitMq:
    """The RabbitMQ of all tests, in the folder `RABBITMQ`; or one of its own, which takes up to 50 s to start."""

    KEEPER = ROOT / "sio/cluster/tests/brokers/servers/rabbitmq"

    def __init__(self):
        self._keeper = None
        folder = os.environ.get("RABBITMQ")
        if not folder:
            folder = tempfile.mktemp(prefix="sio-rabbitmq-")
            self._keeper = subprocess.Popen([self.KEEPER, folder, str(os.getpid())])
        self._folder = pathlib.Path(folder)
        self._env = self._folder / "env"
        end = time.monotonic() + 180
        while not self._env.exists():
            if time.monotonic() > end:
                raise RuntimeError("there is no RabbitMQ: `apt-get install rabbitmq-server`")
            time.sleep(0.1)
        self._port = int(re.search(r' PORT="(\d+)"', self._env.read_text())[1])
        self.url = f"amqp://{HOST}:{self._port}"

    def subscribers(self, exchange):
        """How many queues get what is published there."""
        command = '. "$0" && exec rabbitmqctl --quiet list_bindings source_name --no-table-headers'
        output = subprocess.run(["bash", "-c", command, self._env], stdout=subprocess.PIPE, text=True, check=True)
        return output.stdout.split().count(exchange)

    def publish(self, exchange, message):
        import kombu

        with kombu.Connection(self.url) as connection:
            fanout = kombu.Exchange(exchange, type="fanout", durable=False)
            producer = connection.Producer(exchange=fanout, auto_declare=True)
            # Kombu would write a text in the encoding that it names.
            body = message.encode() if isinstance(message, str) else message
            producer.publish(body, content_type="application/data", content_encoding="binary")

    def signal(self, name):
        """Sends it a signal, such as `STOP`."""
        os.kill(int((self._folder / "pid").read_text()), getattr(signal, f"SIG{name}"))

    def kill(self):
        """Ends it as a crash does; its keeper leaves it so."""
        (self._folder / "away").touch()
        self.signal("KILL")

    def run(self):
        """Has it started again, on the same port, and returns when it listens."""
        (self._folder / "away").unlink()
        end = time.monotonic() + 180
        while True:
            try:
                socket.create_connection((HOST, self._port), 1).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def stop(self):
        # A test that has failed must not take it from the others.
        away = self._folder / "away"
        away.unlink() if away.exists() else self.signal("CONT")
        if self._keeper:
            self._keeper.terminate()
            self._keeper.wait()


class Node:
    """The acceptance application as a node of a cluster."""

    emitter = BIN / "emitter"

    def __init__(self, broker, name, **env):
        env = {"CLUSTER": broker, "NODE": name, "PORT": "0", **env}
        self._program = Program("acceptance", ["cluster"], env, [r"^listening cluster (\d+)$"])
        self.url = f"http://{HOST}:{self._program.found[0][1]}"

    def stop(self):
        self._program.stop()


class Example:
    """An example."""

    def __init__(self, name, **env):
        self._program = Program(name, [], {"PORT": "0", **env}, [r"(http://\S+)"])
        self.url = self._program.found[0][1]

    def stop(self):
        self._program.stop()
