"""The server of news as it was before, one of several at a Redis. PORT is its port, and REDIS the URL of the Redis."""

import os

import socketio
from aiohttp import web

# ANCHOR: server
manager = socketio.AsyncRedisManager(os.environ.get("REDIS", "redis://127.0.0.1"))
sio = socketio.AsyncServer(client_manager=manager, async_mode="aiohttp")


@sio.event
async def follow(sid, topic):
    await sio.enter_room(sid, f"topic:{topic}")
    return True


@sio.event
async def post(sid, topic, text):
    await sio.emit("news", (topic, text), room=f"topic:{topic}")
    return True
# ANCHOR_END: server


if __name__ == "__main__":
    application = web.Application()
    sio.attach(application)
    web.run_app(application, host="127.0.0.1", port=int(os.environ.get("PORT", "3001")))
