import socketio

# ANCHOR: client
client = socketio.AsyncClient(serializer="msgpack")
# ANCHOR_END: client
