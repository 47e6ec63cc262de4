# SPDX-License-Identifier: Apache-2.0
"""on_device.py SCRIPT ARGUMENT...: runs a script of a driver, unchanged, in front of a simulated device, which answers at
the other end of standard input: tests/system."""
import os
import runpy
import socket
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(sys.argv[1])), os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub")]

import pynq  # noqa: E402


class Device:
    def __init__(self, line):
        self.line, self.stream = line, line.makefile("rwb")
        self.ips = self._ask("ips").decode().split()

    def _say(self, text, data=b""):
        self.stream.write(text.encode() + b"\n" + data)
        self.stream.flush()

    def _ask(self, text):
        self._say(text)
        return self.stream.read(int(self.stream.readline()))

    def map(self, address, size):
        self._say(f"map {address} {size}")

    def read(self, ip, offset):
        return int(self._ask(f"read {self.ips.index(ip)} {offset}"))

    def write(self, ip, offset, value):
        self._say(f"write {self.ips.index(ip)} {offset} {value}")

    def put(self, address, data):
        self._say(f"put {address} {len(data)}", data)

    def get(self, address, size):
        return self._ask(f"get {address} {size}")


pynq.device = Device(socket.socket(fileno=0))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
