#!/usr/bin/env python3
"""Prints what a daemon remembers (server/engine/memory.h), for tests/server/engine/memory_layouts.

    keep_memory_layout.py PID > tests/server/engine/memory_layouts/N

PID is any of its processes, N the layout. Rows of an offset and up to 32 bytes, both in hex; what
is zero is left out.
"""

import os
import sys

ROW = 32
STEP = 4096


def memory_of(pid):
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):
        path = f"{folder}/{number}"
        if os.readlink(path).startswith("/memfd:socketd-memory"):
            return os.open(path, os.O_RDONLY)
    sys.exit(f"process {pid} is no socketd that is kept")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    memory = memory_of(sys.argv[1])
    size = os.fstat(memory).st_size
    print(f"size {size:x}")
    at = 0
    while at < size:
        try:
            at = os.lseek(memory, at, os.SEEK_DATA) // STEP * STEP
        except OSError:
            break
        page = os.pread(memory, STEP, at)
        for row in range(0, len(page), ROW):
            octets = page[row : row + ROW]
            if any(octets):
                print(f"{at + row:x} {octets.hex()}")
        at += STEP


main()
