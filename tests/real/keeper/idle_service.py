"""Answers what it is asked on every listener that it was given, and ends when nobody comes."""

import os
import select
import socket
import sys

IDLE_MS = int(sys.argv[1])

listeners = [socket.socket(fileno=3 + i) for i in range(int(os.environ["LISTEN_FDS"]))]
waiting = select.poll()
for listener in listeners:
    listener.setblocking(False)
    waiting.register(listener, select.POLLIN)
by_number = {listener.fileno(): listener for listener in listeners}
while True:
    ready = waiting.poll(IDLE_MS)
    if not ready:
        break
    for number, _ in ready:
        try:
            connection, _ = by_number[number].accept()
        except OSError:
            continue
        connection.setblocking(True)
        said = b""
        while True:
            more = connection.recv(4096)
            if not more:
                break
            said += more
        connection.sendall(said)
        connection.close()
sys.exit(42)
