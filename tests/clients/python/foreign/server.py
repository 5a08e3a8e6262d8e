"""A server of python-socketio, or a worker beside its servers, whichever version of it is installed.

    server.py serve URL CHANNEL     a server on a free port; its clients send `do`, with what it shall do
    server.py kombu URL CHANNEL     one by Kombu, which is for servers without asyncio; it can only emit
    server.py work URL CHANNEL      a write-only manager, which does what each line of its input says
    server.py flask URL CHANNEL     the same by Flask-SocketIO; an empty channel is its default
    server.py serve-flask URL -     a server of Flask-SocketIO on a free port, at its default channel
"""

import asyncio
import base64
import json
import sys

import socketio


def plain(value):
    """The value of which the test has written the bytes as {"$": base64}."""
    if isinstance(value, dict):
        return base64.b64decode(value["$"]) if set(value) == {"$"} else {k: plain(v) for k, v in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def data_of(args):
    """Arguments as `emit` takes them: None for none, one as it is, several as a tuple."""
    args = [plain(arg) for arg in args]
    return None if not args else args[0] if len(args) == 1 else tuple(args)


def options_of(what):
    names = {"to": "room", "skip": "skip_sid", "namespace": "namespace"}
    return {name: what[key] for key, name in names.items() if key in what}


def is_amqp(url):
    return url.startswith("amqp")


async def serve(url, channel):
    from aiohttp import web

    kind = socketio.AsyncAioPikaManager if is_amqp(url) else socketio.AsyncRedisManager
    manager = kind(url, channel=channel)
    server = socketio.AsyncServer(async_mode="aiohttp", client_manager=manager, cors_allowed_origins="*")
    application = web.Application()
    server.attach(application)

    async def do(sid, what):
        op, namespace = what["op"], what.get("namespace", "/")
        if op == "emit":
            await server.emit(what["event"], data_of(what["args"]), **options_of(what))
        elif op == "call":
            answer = await server.call(what["event"], data_of(what["args"]), to=what["to"], timeout=20)
            return list(answer) if isinstance(answer, tuple) else [answer]
        elif op == "enter":
            await server.enter_room(what["sid"], what["room"], namespace)
        elif op == "leave":
            await server.leave_room(what["sid"], what["room"], namespace)
        elif op == "close":
            await server.close_room(what["room"], namespace)
        elif op == "disconnect":
            await server.disconnect(what["sid"], namespace)
        elif op == "rooms":
            return [server.rooms(what.get("sid", sid), namespace)]
        return ["done"]

    for namespace in ("/", "/a"):
        server.on("do", do, namespace=namespace)
        server.on("connect", lambda *_: None, namespace=namespace)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("listening", site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def serve_by_kombu(url, channel):
    from werkzeug.serving import make_server

    manager = socketio.KombuManager(url, channel=channel)
    server = socketio.Server(async_mode="threading", client_manager=manager, cors_allowed_origins="*")

    @server.on("do")
    def do(sid, what):
        server.emit(what["event"], data_of(what["args"]), **options_of(what))
        return "done"

    server.on("connect", lambda *_: None)
    listener = make_server("127.0.0.1", 0, socketio.WSGIApp(server), threaded=True)
    print("listening", listener.server_port, flush=True)
    listener.serve_forever()


def serve_by_flask(url):
    from flask import Flask, request
    from flask_socketio import SocketIO
    from werkzeug.serving import make_server

    application = Flask(__name__)
    server = SocketIO(application, message_queue=url, async_mode="threading", cors_allowed_origins="*")

    @server.on("do")
    def do(what):
        op = what["op"]
        if op == "emit":
            data = data_of(what["args"])
            server.emit(what["event"], data, to=what.get("to"), skip_sid=what.get("skip"))
        elif op == "call":
            return list(server.call(what["event"], *what["args"], to=what["to"], timeout=20))
        elif op == "enter":
            server.server.enter_room(what["sid"], what["room"])
        elif op == "close":
            server.close_room(what["room"])
        elif op == "disconnect":
            server.server.disconnect(what["sid"])
        return [request.sid]

    listener = make_server("127.0.0.1", 0, application, threaded=True)
    print("listening", listener.server_port, flush=True)
    listener.serve_forever()


def work(manager):
    print("ready", flush=True)
    for line in sys.stdin:
        what = json.loads(line)
        op, namespace = what["op"], what.get("namespace", "/")
        try:
            if op == "emit":
                manager.emit(what["event"], data_of(what["args"]), **{"namespace": "/", **options_of(what)})
            elif op == "enter":
                manager.enter_room(what["sid"], namespace, what["room"])
            elif op == "leave":
                manager.leave_room(what["sid"], namespace, what["room"])
            elif op == "close":
                manager.close_room(what["room"], namespace)
            print("ok", flush=True)
        except Exception as error:
            print("error", error, flush=True)


if __name__ == "__main__":
    mode, url, channel = sys.argv[1:]
    if mode == "serve":
        asyncio.run(serve(url, channel))
    elif mode == "kombu":
        serve_by_kombu(url, channel)
    elif mode == "serve-flask":
        serve_by_flask(url)
    elif mode == "work":
        kind = socketio.KombuManager if is_amqp(url) else socketio.RedisManager
        work(kind(url, channel=channel, write_only=True))
    else:
        from flask_socketio import SocketIO

        flask = SocketIO(message_queue=url, **({"channel": channel} if channel else {}))
        work(flask.server.manager)
