"""A service that leaves its state with its manager: how often it was started, in a memory file and
in an event, and the client that it talks to. The protocols are written by hand, sd_notify(3) and
sd_listen_fds(3), so that nothing is shared with what is tested. Says READY=1.

To each line of its client it answers "runs=N events=N names=A:B:C". With a number it sends so many
packets of 251 descriptors instead.
"""
import fcntl
import os
import signal
import socket
import struct
import sys


def say(text, fds=()):
    path = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.connect("\0" + path[1:] if path.startswith("@") else path)
        socket.send_fds(speaker, [text.encode()], list(fds))


def given():
    """Descriptors by name; of several of one name the first."""
    assert os.environ.get("LISTEN_PID", str(os.getpid())) == str(os.getpid())
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    found = {}
    for place in range(int(os.environ.get("LISTEN_FDS", "0"))):
        fcntl.fcntl(3 + place, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        found.setdefault(names[place], 3 + place)
    return found


def add_one(memory):
    runs = struct.unpack("q", os.pread(memory, 8, 0))[0] + 1
    os.pwrite(memory, struct.pack("q", runs), 0)
    return runs


def flood(count):
    """Leaves far more than there is room for, of all kinds, and says READY=1 when all was sent."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    # Sockets that hold sockets that hold sockets, which only the kernel can take apart.
    for _ in range(8):
        socket.send_fds(left, [b"x"], [left.fileno(), right.fileno()])
    poll = os.eventfd(0)
    for turn in range(count):
        events = [os.eventfd(0) for _ in range(200)]
        fds = events + [left.fileno(), right.fileno(), poll] * 17
        say("FDSTORE=1\nFDNAME=turn %d" % turn, fds)
        for event in events:
            os.close(event)
    say("READY=1")
    signal.pause()


def main():
    if len(sys.argv) > 1:
        return flood(int(sys.argv[1]))
    assert os.environ["FDSTORE"] == "16", os.environ
    found = given()
    fresh = "counter" not in found
    if fresh:
        found["counter"] = os.memfd_create("counter")
        os.ftruncate(found["counter"], 8)
        found["event"] = os.eventfd(0, os.EFD_NONBLOCK)
        say("FDSTORE=1\nFDNAME=counter", [found["counter"]])
        say("FDSTORE=1\nFDNAME=event", [found["event"]])
    runs = add_one(found["counter"])
    os.eventfd_write(found["event"], 1)
    say("READY=1\nSTATUS=run %d" % runs)
    if "client" not in found:
        listener = socket.socket(fileno=found["web.socket"])
        listener.setblocking(True)
        client, _ = listener.accept()
        say("FDSTORE=1\nFDNAME=client", [client.fileno()])
    else:
        client = socket.socket(fileno=found["client"])
    client.setblocking(True)
    while client.recv(4096):
        events = os.eventfd_read(found["event"])
        os.eventfd_write(found["event"], events)
        names = os.environ.get("LISTEN_FDNAMES", "")
        client.sendall(b"runs=%d events=%d names=%s" % (runs, events, names.encode()))
    # The copy that is stored ends with it.
    client.shutdown(socket.SHUT_RDWR)
    signal.pause()


sys.exit(main())
