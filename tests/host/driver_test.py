# SPDX-License-Identifier: Apache-2.0
"""The PYNQ driver in front of a device that is made up: DRIVER_FOLDER holds driver.py and its neighbours."""
import hashlib
import json
import os
import sys
import tempfile
import unittest

import numpy as np

sys.path[:0] = [os.environ["DRIVER_FOLDER"], os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub")]

import pynq  # noqa: E402
from driver import Accelerator, AcceleratorError, Stream  # noqa: E402
from host_steps import run_steps  # noqa: E402

REGISTERS = {
    "control": 0x00, "base_low": 0x10, "base_high": 0x14, "frames": 0x1C, "error": 0x24,
    "cycles_low": 0x28, "cycles_high": 0x2C, "beat_bytes": 0x34, "frame_beats": 0x38, "memory_bits": 0x3C,
    **{f"hash_{i}": 0x40 + 4 * i for i in range(8)}, "errors": [[0, "the memory answered with SLVERR"]],
}
HASH = "0123456789abcdef" * 4


def stream(mover, **changes):
    """Frames of 2 x 3 pixels of 2 channels, UINT4, a pixel a beat, channels last."""
    description = {
        "name": "image", "tensor": "image", "mover": mover, "address": 0, "memory_bits": 64, "shape": [1, 2, 3, 2],
        "perm": [0, 3, 1, 2], "dtype": "UINT4", "bits": 4, "signed": False, "bipolar": False, "lanes": 2,
        "beats": 6, "beat_bytes": 1, "slot_bytes": 1, "unit": None, "shift": None,
        "constant": False,
    }
    description.update(changes)
    return description


def description(**changes):
    result = {
        "schema": "assay.driver/1", "network": "made up", "content_hash": HASH, "bitfile": "accelerator.bit",
        "clock_mhz": 100.0, "sets_clock": True, "registers": REGISTERS, "inputs": [stream("idma0")],
        "outputs": [stream("odma0")], "host": None, "weights": None,
    }
    result.update(changes)
    return result


# Two memories: 2 words of 3 columns, a column of 4 left empty, and 3 words of one.
STORES = [
    {"node": "first", "file": "first_weights.hex", "address": 0x1000, "words": 2, "columns": 3, "stride": 4},
    {"node": "second", "file": "second_weights.hex", "address": 0x1020, "words": 3, "columns": 1, "stride": 1},
]
PLACES = [0x1000, 0x1004, 0x1008, 0x1010, 0x1014, 0x1018, 0x1020, 0x1024, 0x1028]
WEIGHTS = {
    "cell": "accelerator0", "address": 0x40020000, "range": 0x2000, "version": 1, "words": 11, "stores": STORES,
    "registers": {"hold": 0x00, "held": 0x04, "version": 0x08, "words": 0x0C, "frames": 0x10, "page": 0x14},
}


class WeightDevice:
    """Registers and memories as rtl/assay_store_control.sv has them: memories answer while it is held alone."""

    def __init__(self, busy=False, broken=None, version=1):
        self.words = dict.fromkeys(PLACES, 0)
        self.busy, self.broken, self.version, self.hold, self.writes = busy, broken, version, 0, 0

    @property
    def held(self):
        return int(self.hold and not self.busy)

    def read(self, offset):
        if offset < 0x1000:
            return {0x00: self.hold, 0x04: self.held, 0x08: self.version, 0x0C: 11, 0x10: 7}[offset]
        assert self.held, "SLVERR"
        return self.words[offset] ^ (1 if offset == self.broken else 0)

    def write(self, offset, value):
        self.writes += 1
        if offset == 0x00:
            self.hold = value
            return
        assert self.held, "SLVERR"
        assert offset in self.words
        self.words[offset] = value


class Device:
    """Moves what idma0 reads to where odma0 writes."""

    def __init__(self, content_hash=HASH, error=0, stuck=False, weights=None):
        self.memory = np.zeros(1 << 20, np.uint8)
        self.weights = weights
        self.ips = {"idma0": {}, "odma0": {}, **({"accelerator0": {}} if weights else {})}
        self.content_hash, self.error, self.stuck = content_hash, error, stuck
        self.done = dict.fromkeys(self.ips, False)

    def read(self, ip, offset):
        if ip == "accelerator0":
            return self.weights.read(offset)
        if offset == 0x00:
            was, self.done[ip] = self.done[ip], False
            return 4 | (2 if was else 0)
        if 0x40 <= offset < 0x60:
            at = (offset - 0x40) * 2
            return int(self.content_hash[at : at + 8], 16)
        fixed = {0x24: self.error if ip == "idma0" else 0, 0x28: 600, 0x2C: 0, 0x34: 1, 0x38: 6, 0x3C: 64}
        return fixed[offset]

    def write(self, ip, offset, value):
        if ip == "accelerator0":
            self.weights.write(offset, value)
            return
        self.ips[ip][offset] = value
        if offset == 0x00 and ip == "idma0" and not self.stuck:  # the output was started first
            source, target = (self.ips[name][0x10] for name in ("idma0", "odma0"))
            size = 6 * self.ips[ip][0x1C]
            self.put(target, self.get(source, size))
            self.done = dict.fromkeys(self.ips, True)

    def map(self, address, size):
        assert address + size <= len(self.memory)

    def put(self, address, data):
        self.memory[address : address + len(data)] = np.frombuffer(data, np.uint8)

    def get(self, address, size):
        return self.memory[address : address + size].tobytes()


class DriverCase(unittest.TestCase):
    def accelerator(self, device=None, batch_size=4, timeout=0.2, **changes):
        pynq.device = device or Device()
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(description(**changes), file)
        self.addCleanup(os.remove, file.name)
        return Accelerator(batch_size=batch_size, description=file.name, timeout=timeout)

    def images(self, count):
        return np.random.default_rng(5).integers(0, 16, (count, 2, 2, 3))


class DriverTest(DriverCase):
    def test_gives_back_what_it_was_given(self):
        images = self.images(10)  # the last batch is not full
        np.testing.assert_array_equal(self.accelerator().execute(images), images)

    def test_packs_a_pixel_by_hand(self):
        s = Stream(stream("idma0"))
        image = np.arange(12).reshape(1, 2, 2, 3)  # channel 0: 0..5, channel 1: 6..11
        np.testing.assert_array_equal(
            s.pack(s.fold(image))[0, :, 0], [0x60, 0x71, 0x82, 0x93, 0xA4, 0xB5]
        )

    def test_packs_signs_and_gaps(self):
        s = Stream(stream("idma0", shape=[1, 3], perm=[], lanes=3, beats=1, bits=3, signed=True, dtype="INT3",
                          beat_bytes=2, slot_bytes=2))
        packed = s.pack(s.fold([[-1, 2, -4]]))
        np.testing.assert_array_equal(packed, [[[0b00010111, 0b1]]])  # 111, 010, 100
        np.testing.assert_array_equal(s.unpack(packed), [[[-1, 2, -4]]])

    def test_packs_bipolar(self):
        s = Stream(stream("idma0", shape=[1, 3], perm=[], lanes=3, beats=1, bits=1, bipolar=True, dtype="BIPOLAR"))
        packed = s.pack(s.fold([[1, -1, 1]]))
        np.testing.assert_array_equal(packed, [[[0b101]]])
        np.testing.assert_array_equal(s.unpack(packed), [[[1, -1, 1]]])
        with self.assertRaisesRegex(ValueError, "-1 and 1, not 0"):
            s.fold([[1, 0, 1]])

    def test_unpacks_what_it_packs(self):
        rng = np.random.default_rng(7)
        for bits in (1, 2, 5, 8, 11, 17, 32, 48):
            for signed in (False, True) if bits > 1 else (False,):
                s = Stream(stream("idma0", shape=[1, 4, 3], perm=[], beats=4, lanes=3, bits=bits, signed=signed,
                                  slot_bytes=32))
                values = rng.integers(s.range[0], s.range[1], (5, 4, 3), endpoint=True)
                np.testing.assert_array_equal(s.unfold(s.unpack(s.pack(s.fold(values)))), values)

    def test_real_outputs_have_their_scale(self):
        unit, shift = {"shape": [2, 1, 1], "values": [0.5, 2.0]}, {"shape": [], "values": [1.0]}
        images = self.images(2)
        got = self.accelerator(outputs=[stream("odma0", unit=unit, shift=shift)]).execute(images)
        np.testing.assert_array_equal(got, images * np.array([0.5, 2.0]).reshape(2, 1, 1) + 1)

    def test_refuses_another_bitstream(self):
        with self.assertRaisesRegex(AcceleratorError, "built from other RTL"):
            self.accelerator(Device(content_hash="f" * 64))

    def test_refuses_other_streams(self):
        with self.assertRaisesRegex(AcceleratorError, "idma0 has frame_beats 6, accelerator.json says 3"):
            self.accelerator(inputs=[stream("idma0", beats=3, lanes=4)])

    def test_refuses_an_overlay_of_something_else(self):
        with self.assertRaisesRegex(AcceleratorError, "the overlay has no idma7"):
            self.accelerator(inputs=[stream("idma7")])

    def test_refuses_wrong_arrays(self):
        accelerator = self.accelerator()
        for array, message in (
            (np.zeros((1, 2, 2, 3)), "takes integers .UINT4., not float64"),
            (np.full((1, 2, 2, 3), 16), "from 0 to 15, these from 16 to 16"),
            (np.full((1, 2, 2, 3), -1), "from 0 to 15"),
            (np.zeros((1, 2, 3, 2), int), r"shape \(N, 2, 2, 3\), not \(1, 2, 3, 2\)"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                accelerator.execute(array)
        with self.assertRaisesRegex(ValueError, "has 1 inputs; 2 arrays"):
            accelerator.execute(self.images(1), self.images(1))
        with self.assertRaisesRegex(ValueError, "batch_size is 0"):
            accelerator.batch_size = 0

    def test_refuses_a_buffer_that_is_short(self):
        accelerator = self.accelerator(batch_size=1)
        with self.assertRaisesRegex(ValueError, "odma0 holds 8 bytes; 2 frames take 12"):
            accelerator.execute_on_buffers(2)

    def test_refuses_a_buffer_between_words(self):
        device = Device()
        accelerator = self.accelerator(device)
        accelerator.inputs[0].buffer.device_address += 4
        with self.assertRaisesRegex(ValueError, "of idma0 begins at 0x[0-9a-f]+4, which is no multiple of .* 8 bytes"):
            accelerator.execute_on_buffers(1)
        self.assertEqual(device.ips, {"idma0": {}, "odma0": {}})  # nothing was started

    def test_starts_nothing_while_an_earlier_batch_moves(self):
        class Busy(Device):
            def read(self, ip, offset):
                return super().read(ip, offset) & (~4 if offset == 0 else -1)

        with self.assertRaisesRegex(AcceleratorError, "odma0 still moves an earlier batch"):
            self.accelerator(Busy()).execute(self.images(1))

    def test_tells_errors_of_the_hardware(self):
        with self.assertRaisesRegex(AcceleratorError, "idma0: the memory answered with SLVERR"):
            self.accelerator(Device(error=1)).execute(self.images(1))

    def test_ends_where_nothing_comes(self):
        with self.assertRaisesRegex(AcceleratorError, "idma0, odma0 not done within 0.2 s"):
            self.accelerator(Device(stuck=True)).execute(self.images(1))

    def test_measures(self):
        result = self.accelerator().throughput_test()
        self.assertEqual(result["batch_size"], 4)
        self.assertEqual(result["cycles_per_frame"], 150)
        self.assertGreater(result["throughput[images/s]"], 0)
        for step in ("fold_input", "pack_input", "copy_input_data_to_device", "unpack_output"):
            self.assertIn(f"{step}[ms]", result)

    def test_sets_the_clock(self):
        from pynq.ps import Clocks

        self.accelerator(clock_mhz=125.0)
        self.assertEqual(Clocks.fclk0_mhz, 125.0)

    def test_computes_the_steps_behind(self):
        host = {
            "inputs": ["logits"], "outputs": ["prob"], "results": [{"host": 0}, {"stream": 0}],
            "constants": {"two": {"shape": [], "values": [2.0]}},
            "steps": [
                {"op": "Mul", "inputs": ["logits", "two"], "outputs": ["scaled"]},
                {"op": "Softmax", "axis": -1, "inputs": ["scaled"], "outputs": ["prob"]},
            ],
        }
        logits = np.array([[0.0, 1.0], [3.0, 3.0]])
        prob, same = run_steps(host, {"logits": logits})
        e = np.exp(2 * logits)
        np.testing.assert_allclose(prob, e / e.sum(axis=1, keepdims=True), rtol=1e-12)
        np.testing.assert_array_equal(same, logits)

    def test_ranks_ties_by_place(self):
        host = {
            "inputs": ["x"], "outputs": ["best", "place"], "results": [{"host": 0}, {"host": 1}], "constants": {},
            "steps": [{"op": "TopK", "axis": 1, "k": 2, "largest": True, "inputs": ["x"], "outputs": ["best", "place"]}],
        }
        best, place = run_steps(host, {"x": np.array([[1.0, 5.0, 5.0], [2.0, 1.0, 0.0]])})
        np.testing.assert_array_equal(best, [[5, 5], [2, 1]])
        np.testing.assert_array_equal(place, [[1, 2], [0, 1]])


def soft_host(factor):
    """A scaling and Softmax behind the accelerator."""
    return {
        "inputs": ["image"], "outputs": ["prob"], "results": [{"host": 0}],
        "constants": {"factor": {"shape": [], "values": [factor]}},
        "steps": [
            {"op": "Mul", "inputs": ["image", "factor"], "outputs": ["scaled"]},
            {"op": "Softmax", "axis": 1, "inputs": ["scaled"], "outputs": ["prob"]},
        ],
    }


class WeightsTest(DriverCase):
    words = np.array([1, 2, 0xFFFFFFFF, 4, 5, 6, 7, 8, 9], np.uint32)

    def package(self, words=None, stores=None, unit=None, host=None, **changes):
        """A folder as `assay weights` leaves it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        words = self.words if words is None else words
        shift = None if unit is None else {"shape": [], "values": [0.0]}
        streams = {"tensor": "image", "unit": unit, "shift": shift}
        about = {
            "format": "assay.run-time-weights/2", "content_hash": HASH, "words": len(words), "stores": stores or STORES,
            "words_sha256": hashlib.sha256(words.tobytes()).hexdigest(),
            "training": {"inputs": [{"tensor": "image", "unit": None, "shift": None}], "outputs": [streams], "host": host},
        }
        about.update(changes)
        with open(os.path.join(folder.name, "weights.json"), "w") as file:
            json.dump(about, file)
        np.save(os.path.join(folder.name, "weights.npy"), words.view(np.int32))
        return folder.name

    def writable(self, weights=None, **changes):
        self.device = weights or WeightDevice()
        return self.accelerator(Device(weights=self.device), weights=WEIGHTS, timeout=0.05, **changes)

    def test_writes_every_word_where_it_lies(self):
        accelerator = self.writable()
        np.testing.assert_array_equal(accelerator.read_weights(), np.zeros(9))
        accelerator.load_weights(self.package())
        self.assertEqual([self.device.words[place] for place in PLACES], self.words.tolist())
        self.assertEqual(self.device.hold, 0)
        np.testing.assert_array_equal(accelerator.read_weights(), self.words)
        images = self.images(3)
        np.testing.assert_array_equal(accelerator.execute(images), images)

    def test_takes_over_what_the_results_mean(self):
        half, two = ({"shape": [], "values": [v]} for v in (0.5, 2.0))
        zero, images = {"shape": [], "values": [0.0]}, self.images(2)
        accelerator = self.writable(outputs=[stream("odma0", unit=half, shift=zero)], host=soft_host(1.0))
        accelerator.load_weights(self.package(unit=two, host=soft_host(0.25)))
        e = np.exp(images * 0.5)
        np.testing.assert_allclose(accelerator.execute(images), e / e.sum(axis=1, keepdims=True), rtol=1e-12)

    def refuses(self, folder, message, **changes):
        """Before anything is written."""
        accelerator = self.writable(**changes)
        with self.assertRaisesRegex(ValueError, message):
            accelerator.load_weights(folder)
        self.assertEqual(self.device.writes, 0)

    def test_refuses_what_is_not_for_it(self):
        unit = {"shape": [], "values": [2.0]}
        other = [{**STORES[0], "stride": 8}, STORES[1]]
        self.refuses(self.package(content_hash="f" * 64), r"packed for other RTL \(ffffffffffff...\)")
        self.refuses(self.package(format="assay.run-time-weights/1"), "this driver reads assay.run-time-weights/2")
        self.refuses(self.package(stores=other), "not those of accelerator.json")
        self.refuses(self.package(words=self.words[:8]), r"holds int32 \(8,\); the memories take 9")
        self.refuses(self.package(words_sha256="0" * 64), "not the file that weights.json describes")
        self.refuses(self.package(unit=unit), "outputs are no numbers")
        self.refuses(self.package(host=soft_host(1.0)), "computes nothing, for these weights Mul, Softmax")
        self.refuses(self.package(training=None), "does not say what a host makes")

    def test_refuses_a_file_that_is_cut_off(self):
        folder = self.package()
        file = os.path.join(folder, "weights.npy")
        os.truncate(file, os.path.getsize(file) - 1)
        self.refuses(folder, "weights.npy is cut off")

    def test_tells_a_word_that_reads_back_wrong(self):
        accelerator = self.writable(WeightDevice(broken=0x1014))
        message = "first_weights.hex of .first., word 1, column 1: 00000005 was written, 00000004 read back"
        with self.assertRaisesRegex(AcceleratorError, message):
            accelerator.load_weights(self.package())
        self.assertEqual(self.device.hold, 1)  # no frame sees it

    def test_ends_where_no_frame_leaves(self):
        accelerator = self.writable(WeightDevice(busy=True))
        for action in (accelerator.read_weights, lambda: accelerator.load_weights(self.package())):
            with self.assertRaisesRegex(AcceleratorError, "not held within 0.05 s: a frame has not left it"):
                action()
            self.assertEqual(self.device.hold, 0)  # and it goes on

    def test_refuses_hardware_with_others_or_none(self):
        with self.assertRaisesRegex(AcceleratorError, "have version 2, accelerator.json says 1"):
            self.writable(WeightDevice(version=2))
        with self.assertRaisesRegex(AcceleratorError, "the overlay has no accelerator0 with run-time weights"):
            self.accelerator(weights=WEIGHTS)
        with self.assertRaisesRegex(ValueError, "has no run-time weights"):
            self.accelerator().load_weights(self.package())


if __name__ == "__main__":
    unittest.main()
