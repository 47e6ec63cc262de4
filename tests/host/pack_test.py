# SPDX-License-Identifier: Apache-2.0
"""pack_test.py PROGRAM: the host in C packs as driver.py does, to the byte, and unpacks what it packed."""
import os
import subprocess
import sys

import numpy as np

sys.path[:0] = [os.environ["DRIVER_FOLDER"], os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub")]

from driver import Stream  # noqa: E402

RANDOM = 200  # layouts, with a fixed seed
SHAPES = [  # of a frame in the stream's order, perm, lanes, beats
    ([1, 2, 3, 4], [0, 3, 1, 2], 2, 12),
    ([1, 12], [], 3, 4),
    ([1, 3, 5, 2], [0, 2, 3, 1], 5, 6),
]


def streams():
    for bits in range(1, 49):
        kinds = [(False, False), (True, False)] if bits > 1 else [(False, False), (False, True)]
        for signed, bipolar in kinds:
            for shape, perm, lanes, beats in SHAPES:
                yield Stream({
                    "name": "x", "shape": shape, "perm": perm, "dtype": "", "bits": bits, "signed": signed,
                    "bipolar": bipolar, "lanes": lanes, "beats": beats, "slot_bytes": 32})


def random_streams(rng):
    for _ in range(RANDOM):
        rank = int(rng.integers(2, 6))
        shape = [1, *map(int, rng.integers(1, 6, rank - 1))]
        count = int(np.prod(shape))
        lanes = int(rng.choice([n for n in range(1, count + 1) if count % n == 0]))
        bits = int(rng.integers(1, 49))
        bipolar = bits == 1 and bool(rng.integers(2))
        yield Stream({
            "name": "x", "shape": shape, "perm": [0, *map(int, 1 + rng.permutation(rank - 1))], "dtype": "",
            "bits": bits, "signed": bits > 1 and bool(rng.integers(2)), "bipolar": bipolar, "lanes": lanes,
            "beats": count // lanes, "slot_bytes": 1 << ((bits * lanes + 7) // 8 - 1).bit_length()})


def main():
    rng = np.random.default_rng(3)
    lines, expected = [], []
    for stream in [*streams(), *random_streams(rng)]:
        low, high = stream.range
        values = rng.choice([-1, 1], (1, *stream.normal_shape)) if stream.bipolar else \
            rng.integers(low, high, (1, *stream.normal_shape), endpoint=True)
        values.reshape(-1)[:2] = [low, high][:values.size]
        perm = stream.perm or list(range(len(stream.shape)))
        words = [stream.bits, int(stream.signed), int(stream.bipolar), stream.lanes, stream.beats, stream.slot_bytes,
                 len(stream.shape), *stream.shape, *perm, *values.reshape(-1).tolist()]
        lines.append(" ".join(map(str, words)))
        packed = stream.pack(stream.fold(values)).tobytes().hex()
        expected.append(" ".join([packed, *map(str, values.reshape(-1).tolist())]))
    got = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    results = got.stdout.splitlines()
    assert len(results) == len(expected) == 48 * 2 * len(SHAPES) + RANDOM, len(results)
    for line, result, right in zip(lines, results, expected):
        assert result == right, f"{line}\nC:         {result}\ndriver.py: {right}"
    print(f"{len(results)} frames packed alike")


if __name__ == "__main__":
    main()
