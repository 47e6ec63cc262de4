# SPDX-License-Identifier: Apache-2.0
"""Runs an accelerator that Assay generated, on a PYNQ board. Needs NumPy and pynq alone.

    from driver import Accelerator
    accelerator = Accelerator("accelerator.bit", batch_size=100)
    labels = accelerator.execute(images)          # (N, ...) as the network takes them
    print(accelerator.throughput_test())

accelerator.json, beside this file, describes the streams, their layout in memory and the registers. An accelerator with
run-time weights takes those of another training, which `assay weights` packs, between two frames: load_weights(FOLDER).
"""
import json
import os
import time

import numpy as np


class AcceleratorError(RuntimeError):
    """The hardware is not what accelerator.json describes, or said that something went wrong."""


class Stream:
    """A stream's frames as values and as bytes in memory."""

    def __init__(self, description):
        self.__dict__.update(description)
        self.shape = tuple(self.shape)
        self.frame_bytes = self.beats * self.slot_bytes
        low = -1 if self.bipolar else -(1 << (self.bits - 1)) if self.signed else 0
        high = 1 if self.bipolar else (1 << (self.bits - (1 if self.signed else 0))) - 1
        self.range = (low, high)

    @property
    def normal_shape(self):
        """Of one frame, as the network has it: without the batch."""
        if not self.perm:
            return self.shape[1:]
        return tuple(self.shape[axis] for axis in self.perm)[1:]

    def fold(self, values):
        """(N, *normal_shape) -> (N, beats, lanes), checked against the data type."""
        values = np.asarray(values)
        if values.shape[1:] != self.normal_shape:
            raise ValueError(
                f"'{self.name}' takes arrays of shape (N, {', '.join(map(str, self.normal_shape))}), "
                f"not {values.shape}"
            )
        if values.dtype.kind not in "iub":
            raise ValueError(
                f"'{self.name}' takes integers ({self.dtype}), not {values.dtype}: "
                f"give what the network's input has, as of images bytes of 0 to 255"
            )
        low, high = self.range
        if values.size and (values.min() < low or values.max() > high):
            raise ValueError(
                f"'{self.name}' is {self.dtype}: values lie from {low} to {high}, "
                f"these from {values.min()} to {values.max()}"
            )
        if self.bipolar and (values == 0).any():
            raise ValueError(f"'{self.name}' is BIPOLAR: values are -1 and 1, not 0")
        if self.perm:
            values = np.transpose(values, np.argsort(self.perm))
        return values.reshape(values.shape[0], self.beats, self.lanes)

    def unfold(self, folded):
        """(N, beats, lanes) -> (N, *normal_shape)"""
        values = folded.reshape(folded.shape[0], *self.shape[1:])
        return np.transpose(values, self.perm) if self.perm else values

    def pack(self, folded):
        """(N, beats, lanes) -> bytes (N, beats, slot_bytes): lane 0 in the lowest bits, byte 0 first."""
        frames = folded.shape[0]
        out = np.zeros((frames, self.beats, self.slot_bytes), np.uint8)
        used = -(-self.lanes * self.bits // 8)
        if self.bits == 8 and not self.bipolar:
            out[:, :, :used] = folded.astype(np.int64).astype(np.uint8)
            return out
        codes = (folded > 0).astype(np.uint64) if self.bipolar else folded.astype(np.int64).view(np.uint64)
        bits = (codes[..., None] >> np.arange(self.bits, dtype=np.uint64)) & np.uint64(1)
        bits = bits.astype(np.uint8).reshape(frames, self.beats, self.lanes * self.bits)
        out[:, :, :used] = np.packbits(bits, axis=-1, bitorder="little")
        return out

    def unpack(self, slots):
        """bytes (N, beats, slot_bytes) -> (N, beats, lanes)"""
        frames = slots.shape[0]
        used = -(-self.lanes * self.bits // 8)
        bits = np.unpackbits(slots[:, :, :used], axis=-1, bitorder="little", count=self.lanes * self.bits)
        bits = bits.reshape(frames, self.beats, self.lanes, self.bits)
        if self.bipolar:
            return bits[..., 0].astype(np.int64) * 2 - 1
        weights = np.left_shift(np.int64(1), np.arange(self.bits, dtype=np.int64))
        if self.signed:
            weights[-1] = -weights[-1]
        return (bits * weights).sum(axis=-1, dtype=np.int64)

    def to_real(self, values):
        """Integers as the numbers of the network: real = unit * value + shift. Labels stay what they are."""
        if self.unit is None:
            return values
        return values * np.array(self.unit["values"]).reshape(self.unit["shape"]) + np.array(
            self.shift["values"]
        ).reshape(self.shift["shape"])


class Mover:
    """A data mover: registers of a window, and the buffer that it moves."""

    def __init__(self, ip, stream, registers):
        self.ip, self.stream, self.registers = ip, stream, registers
        self.buffer = None

    def read(self, name):
        return self.ip.read(self.registers[name])

    def write(self, name, value):
        self.ip.write(self.registers[name], value)

    def check(self, content_hash):
        """That it is what this driver was made for."""
        words = [self.ip.read(self.registers[f"hash_{i}"]) for i in range(8)]
        found = "".join(f"{word:08x}" for word in words)
        if found != content_hash:
            raise AcceleratorError(
                f"the bitstream that is loaded was built from other RTL ({found[:12]}...) than this "
                f"driver ({content_hash[:12]}...): load the one beside the driver, or generate both anew"
            )
        expected = {
            "beat_bytes": self.stream.beat_bytes,
            "frame_beats": self.stream.beats,
            "memory_bits": self.stream.memory_bits,
        }
        for name, value in expected.items():
            if self.read(name) != value:
                raise AcceleratorError(
                    f"{self.stream.mover} has {name} {self.read(name)}, accelerator.json says {value}"
                )

    def check_buffer(self, frames):
        """What a mover would refuse, which leaves those waiting that were started."""
        if frames * self.stream.frame_bytes > self.buffer.nbytes:
            raise ValueError(
                f"the buffer of {self.stream.mover} holds {self.buffer.nbytes} bytes; {frames} frames take "
                f"{frames * self.stream.frame_bytes}"
            )
        if self.buffer.device_address % (self.stream.memory_bits // 8):
            raise ValueError(
                f"the buffer of {self.stream.mover} begins at 0x{self.buffer.device_address:x}, which is no "
                f"multiple of a word of memory, {self.stream.memory_bits // 8} bytes"
            )

    def start(self, frames):
        address = self.buffer.device_address
        self.write("base_low", address & 0xFFFFFFFF)
        self.write("base_high", address >> 32)
        self.write("frames", frames)
        self.write("control", 1)

    def is_idle(self):
        return bool(self.read("control") & 4)

    def is_done(self):
        return bool(self.read("control") & 2)  # cleared by being read

    def error(self):
        bits = self.read("error")
        return [text for bit, text in self.registers["errors"] if bits >> bit & 1]

    def cycles(self):
        return self.read("cycles_low") | self.read("cycles_high") << 32


class Accelerator:
    """The accelerator of a bitstream: its buffers, and what flows through them."""

    def __init__(self, bitfile=None, batch_size=1, description=None, overlay=None, timeout=10.0):
        """bitfile: accelerator.json's where none is given; overlay: one that is loaded already."""
        here = os.path.dirname(os.path.abspath(__file__))
        with open(description or os.path.join(here, "accelerator.json")) as file:
            self.description = json.load(file)
        if overlay is None:
            from pynq import Overlay

            overlay = Overlay(bitfile or os.path.join(here, self.description["bitfile"]))
        self.overlay, self.timeout = overlay, timeout
        self.host = self.description["host"]
        registers = self.description["registers"]
        self.inputs = [self._mover(stream, registers) for stream in self.description["inputs"]]
        self.outputs = [self._mover(stream, registers) for stream in self.description["outputs"]]
        for mover in self.inputs + self.outputs:
            mover.check(self.description["content_hash"])
        self.weights = self._weight_port()
        self.constants = self._read_constants(os.path.dirname(os.path.abspath(description)) if description else here)
        self._set_clock()
        self._batch_size = 0
        self.batch_size = batch_size

    def _mover(self, description, registers):
        stream = Stream(description)
        ip = getattr(self.overlay, stream.mover, None)
        if ip is None:
            raise AcceleratorError(f"the overlay has no {stream.mover}: it is no accelerator of Assay's")
        return Mover(ip, stream, registers)

    @property
    def given(self):
        """The inputs that a caller gives arrays for: all but weights that come as a stream."""
        return [mover for mover in self.inputs if not mover.stream.constant]

    def _read_constants(self, folder):
        """A frame of all weights that come as a stream, from a folder as `assay build` or `assay weights` leaves it."""
        frames = {}
        for i, mover in enumerate(self.inputs):
            if mover.stream.constant:
                values = np.load(os.path.join(folder, f"input_{i}.npy"))
                frames[mover] = mover.stream.pack(mover.stream.fold(values))
        return frames

    def _put_constants(self):
        for mover, frame in self.constants.items():
            packed = np.repeat(frame, self.batch_size, axis=0).reshape(-1)
            mover.buffer[: packed.size] = packed
            mover.buffer.flush()

    def _weight_port(self):
        """None where the accelerator has no run-time weights."""
        weights = self.description["weights"]
        if not weights:
            return None
        from runtime_weights import WeightPort

        ip = getattr(self.overlay, weights["cell"], None)
        if ip is None:
            raise AcceleratorError(f"the overlay has no {weights['cell']} with run-time weights")
        return WeightPort(ip, weights, self.timeout)

    def _require_weight_port(self):
        if self.weights is None:
            raise ValueError("this accelerator has no run-time weights: begin its run with --runtime-weights")
        return self.weights

    def load_weights(self, folder):
        """Weights of another training, which `assay weights` packed into a folder for this accelerator, from the next
        frame on. They are checked before anything is written, and read back. execute() then gives that training's results."""
        port = self._require_weight_port()
        from runtime_weights import WeightPackage

        package = WeightPackage(folder, self.description)
        constants = self._read_constants(folder)
        port.write(package.words)
        package.take_over([mover.stream for mover in self.inputs], "inputs")
        package.take_over([mover.stream for mover in self.outputs], "outputs")
        self.host = package.about["training"]["host"]
        self.constants = constants
        self._put_constants()

    def read_weights(self):
        """Every word of 32 bits of the run-time weights (uint32), as weights.npy has them."""
        return self._require_weight_port().read()

    def _set_clock(self):
        if not self.description["sets_clock"]:
            return
        from pynq.ps import Clocks

        Clocks.fclk0_mhz = self.description["clock_mhz"]

    @property
    def batch_size(self):
        return self._batch_size

    @batch_size.setter
    def batch_size(self, frames):
        if frames < 1:
            raise ValueError(f"batch_size is {frames}; it must be at least 1")
        if frames == self._batch_size:
            return
        from pynq import allocate

        for mover in self.inputs + self.outputs:
            if mover.buffer is not None:
                mover.buffer.freebuffer()
            # Whole words of memory are read.
            word = mover.stream.memory_bits // 8
            size = -(-frames * mover.stream.frame_bytes // word) * word
            mover.buffer = allocate(shape=(size,), dtype=np.uint8)
        self._batch_size = frames
        self._put_constants()

    def load(self, arrays):
        """Puts as many frames as the batch has, or less, into the buffers of all inputs."""
        frames = len(arrays[0])
        if len(arrays) != len(self.given):
            raise ValueError(f"the network has {len(self.given)} inputs; {len(arrays)} arrays were given")
        if not 1 <= frames <= self.batch_size or any(len(array) != frames for array in arrays):
            raise ValueError(
                f"{[len(array) for array in arrays]} frames were given; every input takes the same number, "
                f"1 to batch_size ({self.batch_size})"
            )
        for mover, array in zip(self.given, arrays):
            packed = mover.stream.pack(mover.stream.fold(array)).reshape(-1)
            mover.buffer[: packed.size] = packed
            mover.buffer.flush()
        return frames

    def start(self, frames):
        for mover in self.outputs + self.inputs:
            mover.check_buffer(frames)
            if not mover.is_idle():  # its done would be taken for that of the new one
                raise AcceleratorError(f"{mover.stream.mover} still moves an earlier batch, which was not waited for")
        for mover in self.outputs + self.inputs:  # who waits begins first
            mover.start(frames)

    def wait(self):
        """Until all movers are done. AcceleratorError names what a mover reports, or who is not done."""
        end = time.monotonic() + self.timeout
        busy = self.inputs + self.outputs
        while busy:
            busy = [mover for mover in busy if not mover.is_done()]
            if busy and time.monotonic() > end:
                names = ", ".join(mover.stream.mover for mover in busy)
                raise AcceleratorError(f"{names} not done within {self.timeout} s: nothing else is started")
        faults = [f"{m.stream.mover}: {text}" for m in self.inputs + self.outputs for text in m.error()]
        if faults:
            raise AcceleratorError("; ".join(faults))

    def execute_on_buffers(self, frames):
        self.start(frames)
        self.wait()

    def integers(self, frames):
        """What every output's buffer holds, as integers in the network's order of axes."""
        values = []
        for mover in self.outputs:
            mover.buffer.invalidate()
            size = frames * mover.stream.frame_bytes
            slots = np.array(mover.buffer[:size]).reshape(frames, mover.stream.beats, mover.stream.slot_bytes)
            values.append(mover.stream.unfold(mover.stream.unpack(slots)))
        return values

    def execute_integers(self, *arrays):
        """Arrays (N, ...), one per input, any N; what the accelerator puts out, an array (N, ...) per stream."""
        arrays = [np.asarray(array) for array in arrays]
        parts = []
        for first in range(0, len(arrays[0]), self.batch_size):
            frames = self.load([array[first : first + self.batch_size] for array in arrays])
            self.execute_on_buffers(frames)
            parts.append(self.integers(frames))
        return [np.concatenate([part[i] for part in parts]) for i in range(len(self.outputs))]

    def finish(self, integers):
        """What the network makes of the accelerator's integers: real numbers, and what is left to the host."""
        results = [mover.stream.to_real(values) for mover, values in zip(self.outputs, integers)]
        if self.host:
            from host_steps import run_steps

            names = [mover.stream.tensor for mover in self.outputs]
            results = run_steps(self.host, dict(zip(names, results)))
        return results

    def execute(self, *arrays):
        """Arrays (N, ...), one per input, any N; one array (N, ...) per output, or the only one itself."""
        results = self.finish(self.execute_integers(*arrays))
        return results[0] if len(results) == 1 else results

    def throughput_test(self):
        """Times one batch of whatever lies in the buffers, and each step around it."""
        frames, result = self.batch_size, {}
        began = time.perf_counter()
        self.execute_on_buffers(frames)
        seconds = time.perf_counter() - began
        cycles = max(mover.cycles() for mover in self.inputs + self.outputs)
        moved = {"in": self.inputs, "out": self.outputs}
        result["runtime[ms]"] = seconds * 1e3
        result["throughput[images/s]"] = frames / seconds
        for name, movers in moved.items():
            size = frames * sum(mover.stream.frame_bytes for mover in movers)
            result[f"DRAM_{name}_bandwidth[MB/s]"] = size / seconds / 1e6
        result["fclk[mhz]"] = self.description["clock_mhz"]
        result["batch_size"] = frames
        result["cycles"] = cycles
        result["cycles_per_frame"] = cycles / frames
        arrays = [np.full((frames, *m.stream.normal_shape), m.stream.range[1]) for m in self.given]
        steps = {
            "fold_input[ms]": lambda: [m.stream.fold(a) for m, a in zip(self.given, arrays)],
            "pack_input[ms]": lambda: [m.stream.pack(f) for m, f in zip(self.given, result_of["fold_input[ms]"])],
            "copy_input_data_to_device[ms]": lambda: self.load(arrays),
            "copy_output_data_from_device[ms]": lambda: [m.buffer.invalidate() for m in self.outputs],
            "unpack_output[ms]": lambda: self.integers(frames),
        }
        result_of = {}
        for name, step in steps.items():
            began = time.perf_counter()
            result_of[name] = step()
            result[name] = (time.perf_counter() - began) * 1e3
        return result
