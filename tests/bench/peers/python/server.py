"""The benchmark's server on python-socketio and uvicorn.

The port is the last argument; PING_INTERVAL_MS sets the heartbeat.
"""

import os
import sys

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi", ping_interval=int(os.environ.get("PING_INTERVAL_MS", "25000")) / 1000)


@sio.on("echo")
async def echo(sid, message):
    return message


@sio.on("message")
async def message(sid, message):
    await sio.emit("message-back", message, to=sid)


@sio.on("join")
async def join(sid, room):
    await sio.enter_room(sid, room)
    return "ok"


@sio.on("broadcast")
async def broadcast(sid, news):
    await sio.emit("news", news, room="room1")


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(sio),
        host="127.0.0.1",
        port=int(sys.argv[-1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        backlog=4096,
    )
