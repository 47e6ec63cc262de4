# SPDX-License-Identifier: Apache-2.0
"""Weights of another training for an accelerator that takes them at run time: what `assay weights` left in a folder, and the
registers and memories that it is written to."""
import hashlib
import json
import os
import time

import numpy as np

from driver import AcceleratorError

FORMAT = "assay.run-time-weights/2"
PLACE = ("file", "address", "words", "columns", "stride")  # of a memory: what package and accelerator agree in
OF_TRAINING = ("tensor", "unit", "shift")  # of a stream


class WeightPackage:
    """weights.json and weights.npy of a folder, whole and of one accelerator, or ValueError."""

    def __init__(self, folder, description):
        self.folder = folder
        with open(os.path.join(folder, "weights.json"), encoding="utf-8") as file:
            self.about = json.load(file)
        if self.about.get("format") != FORMAT:
            self._refuse(f"weights.json is {self.about.get('format')}, this driver reads {FORMAT}: pack it anew")
        self._require_accelerator(description)
        self._require_host(description)
        self.words = self._words()

    def _refuse(self, why):
        raise ValueError(f"'{self.folder}': {why}")

    def _require_accelerator(self, description):
        ours, theirs = description["content_hash"], self.about["content_hash"]
        if ours != theirs:
            self._refuse(
                f"these weights were packed for other RTL ({theirs[:12]}...) than this accelerator's ({ours[:12]}...): "
                f"pack them by 'assay weights' of the run that the accelerator was built from"
            )
        places = [[store[name] for name in PLACE] for store in self.about["stores"]]
        if places != [[store[name] for name in PLACE] for store in description["weights"]["stores"]]:
            self._refuse("its memories are not those of accelerator.json: generate both anew")

    def _require_host(self, description):
        training = self.about.get("training")
        if training is None:
            self._refuse("it does not say what a host makes of the results: the network has no driver")
        for name in ("inputs", "outputs"):
            ours, theirs = description[name], training[name]
            if [s["unit"] is None for s in ours] != [s["unit"] is None for s in theirs]:
                self._refuse(f"its {name} are no numbers, or others, than accelerator.json's")
        ours, theirs = steps_of(description["host"]), steps_of(training["host"])
        if ours != theirs:
            self._refuse(
                f"behind the accelerator the host computes {', '.join(ours) or 'nothing'}, for these weights "
                f"{', '.join(theirs) or 'nothing'}: they are of another network"
            )

    def _words(self):
        try:
            words = np.load(os.path.join(self.folder, "weights.npy"))
        except (ValueError, EOFError) as error:
            self._refuse(f"weights.npy is cut off, or no array: {error}")
        needed = sum(store["words"] * store["columns"] for store in self.about["stores"])
        if words.dtype != np.int32 or words.shape != (needed,):
            self._refuse(f"weights.npy holds {words.dtype} {words.shape}; the memories take {needed} words of int32")
        words = words.view(np.uint32)
        if hashlib.sha256(words.astype("<u4").tobytes()).hexdigest() != self.about["words_sha256"]:
            self._refuse("weights.npy is not the file that weights.json describes")
        return words

    def take_over(self, streams, name):
        """What the streams' integers mean in this training."""
        for stream, training in zip(streams, self.about["training"][name]):
            for field in OF_TRAINING:
                setattr(stream, field, training[field])


def steps_of(host):
    return [step["op"] for step in host["steps"]] if host else []


class WeightPort:
    """Registers, and memories that answer while the accelerator is held."""

    def __init__(self, ip, description, timeout):
        self.ip, self.description, self.timeout = ip, description, timeout
        for name in ("version", "words"):
            found, expected = self._read(name), description[name]
            if found != expected:
                raise AcceleratorError(f"the run-time weights have {name} {found}, accelerator.json says {expected}")

    def _read(self, name):
        return self.ip.read(self.description["registers"][name])

    def places(self):
        """(memory, word, column, address) of every word of 32 bits, in the package's order."""
        for store in self.description["stores"]:
            for word in range(store["words"]):
                for column in range(store["columns"]):
                    yield store, word, column, store["address"] + 4 * (word * store["stride"] + column)

    def hold(self):
        """Between two frames; whoever cannot be held goes on."""
        self.ip.write(self.description["registers"]["hold"], 1)
        end = time.monotonic() + self.timeout
        while not self._read("held") & 1:
            if time.monotonic() > end:
                self.release()
                raise AcceleratorError(
                    f"the accelerator is not held within {self.timeout} s: a frame has not left it; it goes on "
                    f"with the weights that it has"
                )

    def release(self):
        self.ip.write(self.description["registers"]["hold"], 0)

    def _words(self):
        return np.array([self.ip.read(address) for _, _, _, address in self.places()], np.uint32)

    def read(self):
        self.hold()
        words = self._words()
        self.release()
        return words

    def write(self, words):
        self.hold()
        for (_, _, _, address), word in zip(self.places(), words):
            self.ip.write(address, int(word))
        for (store, word, column, _), wanted, found in zip(self.places(), words, self._words()):
            if wanted != found:
                raise AcceleratorError(
                    f"{store['file']} of '{store['node']}', word {word}, column {column}: {int(wanted):08x} was written, "
                    f"{int(found):08x} read back; the accelerator stays held, so that no frame sees it"
                )
        self.release()
