"""Prepares orders, as a Celery task would: `worker.py ORDER`. REDIS is the URL of the Redis."""

import os
import sys

import socketio

# ANCHOR: worker
redis = os.environ.get("REDIS", "redis://127.0.0.1")
manager = socketio.RedisManager(redis, write_only=True)


def prepare(order):
    for step in ("picked", "packed"):
        room = f"order:{order}"
        manager.emit("progress", (order, step), room=room, namespace="/orders")
# ANCHOR_END: worker


if __name__ == "__main__":
    prepare(int(sys.argv[1]))
