"""gate_refused.py PORT CLIENTS SAID TOLD: so many clients, as fast as one thread can open them.

Each says SAID, in hexadecimal, hears until TOLD has come, and goes. Prints how many were told, and how long it took
in all, in milliseconds.
"""
import resource
import selectors
import socket
import sys
import time

port, count = int(sys.argv[1]), int(sys.argv[2])
said, wanted = bytes.fromhex(sys.argv[3]), sys.argv[4].encode()
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
selector = selectors.DefaultSelector()
told = 0


def hear(timeout):
    global told
    for key, _ in selector.select(timeout):
        try:
            data = key.fileobj.recv(4096)
        except OSError:
            data = b""
        key.data.append(data)
        found = wanted in b"".join(key.data)
        told += found
        if found or not data:
            selector.unregister(key.fileobj)
            key.fileobj.close()


start = time.time()
for _ in range(count):
    client = socket.socket()
    client.connect(("127.0.0.1", port))
    try:
        client.send(said)
    except OSError:
        pass  # It was ended before it has spoken: what it was told is still there.
    selector.register(client, selectors.EVENT_READ, [])
    hear(0)
while selector.get_map() and time.time() - start < 30:
    hear(1)
print(told, (time.time() - start) * 1e3)
