# ANCHOR: all
import asyncio
import sys

import socketio


async def main(url):
    client = socketio.AsyncClient()

    @client.on("chat_message", namespace="/chat")
    async def on_chat_message(payload):
        print("Chat:", payload)

    await client.connect(
        url,
        socketio_path="socket.io",
        namespaces=["/chat"],
        transports=["websocket", "polling"],
    )
    ack = await client.call(
        "chat_message",
        {"text": "Hello from Python"},
        namespace="/chat",
    )
    print("Ack:", ack)
    await client.disconnect()


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:3000"))
# ANCHOR_END: all
