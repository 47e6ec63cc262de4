# SPDX-License-Identifier: Apache-2.0
"""What driver.py asks of pynq, in front of a simulated device: set `device` first.

A device has `memory` (numpy bytes), `read(ip, offset)` and `write(ip, offset, value)`.
"""
import numpy as np

device = None
_next = 0x1000


class _Buffer(np.ndarray):
    def flush(self):
        device.memory[self.device_address : self.device_address + self.nbytes] = self

    def invalidate(self):
        self[:] = device.memory[self.device_address : self.device_address + self.nbytes]

    def freebuffer(self):
        pass


def allocate(shape, dtype):
    """Page by page, in one piece, as on the board."""
    global _next
    buffer = np.zeros(shape, dtype).view(_Buffer)
    buffer.device_address = _next
    _next += -(-buffer.nbytes // 4096) * 4096 + 4096
    if _next > len(device.memory):
        raise MemoryError("the simulated device has no more memory")
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
