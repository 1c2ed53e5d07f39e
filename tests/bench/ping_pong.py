"""ping_pong.py N COMMAND...: starts the command, sends N requests, each after the reply to the one before.

Prints the milliseconds to the first reply and the median of the other round trips in microseconds.
"""
import os
import statistics
import subprocess
import sys
import time

count, command = int(sys.argv[1]), sys.argv[2:]
start = time.perf_counter()
child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
request, reply = child.stdin.fileno(), child.stdout.fileno()
trips = []
for i in range(count):
    verb = "disconnect" if i % 2 else "connect"
    line = '{"src":"c1","dest":"n1","body":{"type":"pool_%s","msg_id":%d,"client_id":"c%d"}}\n' % (verb, i + 1, i // 2)
    sent = time.perf_counter()
    os.write(request, line.encode())
    while not os.read(reply, 65536).endswith(b"\n"):
        pass
    trips.append(time.perf_counter() - sent)
    if i == 0:
        first = time.perf_counter() - start
child.stdin.close()
child.wait()
print(first * 1e3, statistics.median(trips[1:] or [0]) * 1e6)
