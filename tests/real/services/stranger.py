"""A local user with no rights, trying things. Prints what became of it in one line.

  stranger.py handoff PATH UNIT     asks for a unit's sockets
  stranger.py connect PATH          connects to a stream socket
  stranger.py hoard HOST:PORT COUNT opens connections, and counts those that are spoken to
  stranger.py say PATH TEXT         sends a datagram
  stranger.py linger PATH TYPE DONE sends sockets whose close waits for a minute, makes DONE, stays
  stranger.py flood PATH COUNT      sends garbage and descriptors, of all sizes
"""
import os
import signal
import socket
import struct
import sys


def handoff(path, unit):
    asker = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asker.settimeout(10)
    asker.connect(path)
    asker.send(b"\x0a" + bytes([len(unit)]) + unit.encode())
    data, fds, _, _ = socket.recv_fds(asker, 65536, 253)
    return f"bytes={len(data)} fds={len(fds)}"


def connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(10)
        client.connect(path)
    return "connected"


def hoard(address, count):
    host, port = address.rsplit(":", 1)
    clients = [socket.create_connection((host, int(port)), 10) for _ in range(int(count))]
    # A gRPC server speaks first.
    open_ones = 0
    for client in clients:
        try:
            open_ones += len(client.recv(1))
        except ConnectionResetError:
            pass
    return f"open={open_ones}"


def say(path, text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.settimeout(10)
        speaker.sendto(text.encode(), path)
    return "sent"


def flood(path, count):
    speaker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    speaker.settimeout(10)
    speaker.connect(path)
    null = os.open("/dev/null", os.O_RDONLY)
    for turn in range(int(count)):
        speaker.send(os.urandom(turn * 397 % 20000))
        speaker.send(b"READY=1\n" + b"A" * 5000)
        speaker.send(b"MAINPID=99999999999999999999\nSTATUS=\xff\xfe\nREADY=2\n=\n\0\n")
        socket.send_fds(speaker, [b"FDSTORE=1\nFDNAME=../../x"], [null] * (turn % 253 + 1))
        socket.send_fds(speaker, [b"BARRIER=1"], [null, null])
    return "sent"


def linger(path, kind, done):
    listener = socket.create_server(("127.0.0.1", 0))
    speaker = socket.socket(socket.AF_UNIX, getattr(socket, kind))
    speaker.settimeout(10)
    speaker.connect(path)
    kept = []
    for _ in range(20):
        client = socket.create_connection(listener.getsockname())
        kept.append(listener.accept()[0])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 60))
        client.setblocking(False)
        try:
            while client.send(b"x" * 65536):
                pass
        except BlockingIOError:
            pass
        try:
            socket.send_fds(speaker, [b"READY=1"], [client.fileno()])
        except OSError:  # refused, which is as good: then it is our close that would wait
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
        client.close()
    open(done, "x").close()
    signal.pause()


def main():
    verb, *words = sys.argv[1:]
    try:
        print(globals()[verb](*words))
    except OSError as error:
        print(f"{verb}: {error} fds=0")


main()
