# SPDX-License-Identifier: Apache-2.0
"""Holds the accelerator on a board against golden: every integer of every output, image by image.

    python3 validate.py                                  # the images of the run, which lie beside this file
    python3 validate.py --labels labels.npy              # and top-1
    python3 validate.py --images mnist.npy --labels mnist_labels.npy     # other images: top-1 alone
    python3 validate.py --weights FOLDER                 # with weights of another training, on the images of `assay weights`

Exit code 0: EQUIVALENT; 1: DIFFERENT; 3: nothing was there to compare.
"""
import argparse
import os
import sys

import numpy as np

from driver import Accelerator

HERE = os.path.dirname(os.path.abspath(__file__))


def answers(results):
    """A label per image: what a label says, or the first of the largest logits."""
    results = results[0] if isinstance(results, list) else results
    flat = results.reshape(len(results), -1)
    return flat[:, 0] if results.dtype.kind in "iu" else flat.argmax(axis=1)


def differing_images(integers, golden):
    """Images of which an output is not golden's."""
    wrong = np.zeros(len(integers[0]), bool)
    for got, expected in zip(integers, golden):
        wrong |= (got != expected).reshape(len(got), -1).any(axis=1)
    return np.flatnonzero(wrong)


def load_all(pattern, numbers, folder=HERE):
    return [np.load(os.path.join(folder, pattern.format(i))) for i in numbers]


def load_inputs(accelerator, folder=HERE):
    """The images of a folder, an array per input that a caller gives."""
    given = [i for i, mover in enumerate(accelerator.inputs) if mover in accelerator.given]
    return load_all("input_{}.npy", given, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="+", help="integers (N, ...), a file per input; default: those of the run")
    parser.add_argument("--labels", help="the right classes (N,)")
    parser.add_argument("--weights", help="folder of 'assay weights', whose weights the accelerator gets at run time")
    parser.add_argument("--bitfile", help="default: the one of accelerator.json")
    parser.add_argument("--batch-size", type=int, default=100)
    options = parser.parse_args()

    accelerator = Accelerator(options.bitfile, batch_size=1)
    if options.weights:
        accelerator.load_weights(options.weights)
    folder = options.weights or HERE
    images = [np.load(file) for file in options.images or []]
    images = images or load_inputs(accelerator, folder)
    count = len(images[0])
    if count == 0:
        print("INCONCLUSIVE: there are no images")
        return 3
    accelerator.batch_size = min(options.batch_size, count)
    integers = accelerator.execute_integers(*images)
    if options.labels:
        right = answers(accelerator.finish(integers)) == np.load(options.labels)[:count]
        print(f"top-1: {right.mean() * 100:.2f} % of {count} images")
    if options.images:
        print("INCONCLUSIVE: golden's results are those of the run's images; leave --images out to compare")
        return 3
    golden = load_all("golden_{}.npy", range(len(accelerator.outputs)), folder)
    shapes, expected = [got.shape for got in integers], [result.shape for result in golden]
    if shapes != expected:
        print(f"INCONCLUSIVE: golden_*.npy hold results of shapes {expected}, the accelerator's are {shapes}")
        return 3
    differing = differing_images(integers, golden)
    for image in differing[:10]:
        print(f"image {image}: golden {[g[image].tolist() for g in golden]}, board {[v[image].tolist() for v in integers]}")
    print(f"{'DIFFERENT' if len(differing) else 'EQUIVALENT'}: {count} images compared, {len(differing)} differ")
    return 1 if len(differing) else 0


if __name__ == "__main__":
    sys.exit(main())
