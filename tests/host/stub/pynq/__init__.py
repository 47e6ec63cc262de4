# SPDX-License-Identifier: Apache-2.0
"""What driver.py asks of pynq, in front of a simulated device: set `device` first.

A device has `ips` (their names), `map(address, size)` for each buffer, `read(ip, offset)`, `write(ip, offset, value)`, and of its memory `put(address, bytes)`
and `get(address, size)`.
"""
import numpy as np

device = None
_next = 0x1000


class _Buffer(np.ndarray):
    def flush(self):
        device.put(self.device_address, self.tobytes())

    def invalidate(self):
        self[:] = np.frombuffer(device.get(self.device_address, self.nbytes), np.uint8)

    def freebuffer(self):
        pass


def allocate(shape, dtype):
    """Page by page, in one piece, as on the board."""
    global _next
    buffer = np.zeros(shape, dtype).view(_Buffer)
    buffer.device_address = _next
    _next += -(-buffer.nbytes // 4096) * 4096 + 4096
    device.map(buffer.device_address, buffer.nbytes)
    return buffer


class _Ip:
    def __init__(self, name):
        self._name = name

    def read(self, offset):
        return device.read(self._name, offset)

    def write(self, offset, value):
        device.write(self._name, offset, value)


class Overlay:
    def __init__(self, bitfile):
        self.bitfile_name = bitfile
        for name in device.ips:
            setattr(self, name, _Ip(name))
