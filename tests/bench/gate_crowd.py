"""gate_crowd.py PORT CONNECTIONS BYTES: opens so many connections, each sends so many bytes and stays.

Prints when the first was begun and when the last had sent, in milliseconds of the wall clock. Ends with stdin.
"""
import resource
import socket
import sys
import time

port, count, length = map(int, sys.argv[1:])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
# What a web server takes for a request that goes on.
sent = (b"GET / HTTP/1.1\r\nX: " + b"x" * length)[:length]
crowd = []
start = time.time()
for _ in range(count):
    connection = socket.socket()
    connection.connect(("127.0.0.1", port))
    if sent:
        connection.send(sent)
    crowd.append(connection)
print(start * 1e3, time.time() * 1e3, flush=True)
sys.stdin.read()
