# SPDX-License-Identifier: Apache-2.0
"""Top-1 of the accelerator on a board, over the images of a data set, and image by image against golden.

    python3 validate.py --images images.npy --labels labels.npy --expected golden_labels.npy --batch-size 100

golden_labels.npy, beside this file, holds what the golden reference answers on the images of the run.
"""
import argparse
import os
import sys

import numpy as np

from driver import Accelerator


def answers(results):
    """A label per image: what a label says, or the first of the largest logits."""
    results = results[0] if isinstance(results, list) else results
    flat = results.reshape(len(results), -1)
    return flat[:, 0].astype(np.int64) if results.dtype.kind == "i" else flat.argmax(axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--images", default=os.path.join(here, "images.npy"), help="integers (N, ...)")
    parser.add_argument("--labels", help="the right classes (N,)")
    parser.add_argument("--expected", default=os.path.join(here, "golden_labels.npy"), help="golden's answers (N,)")
    parser.add_argument("--bitfile", help="default: the one of accelerator.json")
    parser.add_argument("--batch-size", type=int, default=100)
    options = parser.parse_args()

    images = np.load(options.images)
    if len(images) == 0:
        parser.error(f"{options.images} holds no images")
    accelerator = Accelerator(options.bitfile, batch_size=min(options.batch_size, len(images)))
    got = answers(accelerator.execute(images))
    expected = np.load(options.expected)
    if len(expected) < len(images):
        parser.error(f"{options.expected} holds {len(expected)} answers for {len(images)} images")
    differing = np.flatnonzero(got != expected[: len(images)])
    if options.labels:
        labels = np.load(options.labels)[: len(images)]
        print(f"top-1: {np.mean(got == labels) * 100:.2f} % of {len(images)} images, "
              f"golden {np.mean(expected[: len(images)] == labels) * 100:.2f} %")
    for image in differing[:10]:
        print(f"image {image}: golden says {expected[image]}, the board {got[image]}")
    print(f"{'DIFFERENT' if len(differing) else 'EQUIVALENT'}: {len(images)} images compared, "
          f"{len(differing)} differ")
    return 1 if len(differing) else 0


if __name__ == "__main__":
    sys.exit(main())
