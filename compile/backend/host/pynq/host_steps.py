# SPDX-License-Identifier: Apache-2.0
"""What the network computes behind the accelerator, in NumPy and float64: accelerator.json's "host"."""
import math

import numpy as np


def _softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _log_softmax(x, axis):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def _top_k(x, step):
    """Of equal values the first one counts."""
    order = np.argsort(-x if step["largest"] else x, axis=step["axis"], kind="stable")
    order = np.take(order, np.arange(step["k"]), axis=step["axis"])
    return np.take_along_axis(x, order, axis=step["axis"]), order


FUNCTIONS = {
    "Erf": np.vectorize(math.erf, otypes=[np.float64]),
    "Exp": np.exp,
    "Log": np.log,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": _sigmoid,
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Sqrt": np.sqrt,
    "Tanh": np.tanh,
}
ARITHMETIC = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}


def _apply(step, x):
    op = step["op"]
    if op in FUNCTIONS:
        return [FUNCTIONS[op](x[0])]
    if op in ARITHMETIC:
        return [ARITHMETIC[op](x[0], x[1])]
    if op == "Softmax":
        return [_softmax(x[0], step["axis"])]
    if op == "LogSoftmax":
        return [_log_softmax(x[0], step["axis"])]
    if op == "Transpose":
        return [np.transpose(x[0], step["perm"])]
    if op == "Concat":
        return [np.concatenate(x, axis=step["axis"])]
    if op == "Reshape":
        return [x[0].reshape(step["shape"])]
    if op == "TopK":
        return _top_k(x[0], step)
    raise NotImplementedError(f"host step {op}: host.onnx has it, for any ONNX runtime")


def _one_image(host, inputs):
    values = {name: np.array(c["values"], np.float64).reshape(c["shape"]) for name, c in host["constants"].items()}
    values.update(zip(host["inputs"], inputs))
    for step in host["steps"]:
        made = _apply(step, [values[name] for name in step["inputs"]])
        values.update({name: value for name, value in zip(step["outputs"], made) if name is not None})
    return [values[name] for name in host["outputs"]]


def run_steps(host, streams):
    """streams: name and array (N, ...) of what the accelerator puts out; an array (N, ...) per output of the network."""
    arrays = [np.asarray(streams[name], np.float64) for name in host["inputs"]]
    images = [_one_image(host, [array[i : i + 1] for array in arrays]) for i in range(len(arrays[0]))]
    made = [np.concatenate([image[k] for image in images]) for k in range(len(host["outputs"]))]
    others = list(streams.values())
    return [made[r["host"]] if "host" in r else others[r["stream"]] for r in host["results"]]
