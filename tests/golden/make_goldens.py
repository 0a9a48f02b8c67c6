#!/usr/bin/env python3
"""Writes the golden outputs of LiteRT's reference kernels, and compares its default kernels.

Development only: README.md says how to make the environment it runs in, and when to run it.
"""
import argparse
import hashlib
import importlib.metadata
import json
import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from golden_input import golden_input

def int8_quantization(interpreter, index, op_name, side, other_side):
    """Scale and zero point of tensor `index`, or of the int8 tensor that QUANTIZE or DEQUANTIZE at
    the network's edge makes of it: boards take and return int8."""
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    if details[index]["dtype"] == np.float32:
        op = next(op for op in interpreter._get_ops_details()
                  if op["op_name"] == op_name and index in op[side])
        index = op[other_side][0]
    return details[index]["quantization"]


def run(path, resolver, seeds):
    """The first output of the model for each seed's input, as rows of int8."""
    interpreter = Interpreter(model_path=str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    sink = interpreter.get_output_details()[0]
    in_scale, in_zero = int8_quantization(interpreter, source["index"], "QUANTIZE", "inputs",
                                          "outputs")
    out_scale, out_zero = int8_quantization(interpreter, sink["index"], "DEQUANTIZE", "outputs",
                                            "inputs")
    rows = []
    for seed in seeds:
        values = golden_input(seed, int(np.prod(source["shape"]))).reshape(source["shape"])
        if source["dtype"] == np.float32:
            values = (values.astype(np.float32) - in_zero) * np.float32(in_scale)
        interpreter.set_tensor(source["index"], values)
        interpreter.invoke()
        row = interpreter.get_tensor(sink["index"]).flatten()
        if sink["dtype"] == np.float32:
            row = (np.round(row / out_scale) + out_zero).astype(np.int8)
        rows.append(row)
    return np.stack(rows)


def make(paths, seeds, compare_default):
    """The golden entry of each model; with compare_default, prints what XNNPACK differs by."""
    entries = []
    for path in paths:
        reference = run(path, OpResolverType.BUILTIN_REF, seeds)
        entries.append({
            "model": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "outputs": [bytes(row.tobytes()).hex() for row in reference],
        })
        if compare_default:
            default = run(path, OpResolverType.AUTO, seeds)
            distance = np.abs(default.astype(int) - reference.astype(int))
            print(f"{path.name}: largest difference {distance.max()}, in "
                  f"{np.count_nonzero(distance)} of {distance.size} outputs")
    return entries


def write(path, seeds, entries):
    document = {
        "litert": importlib.metadata.version("ai-edge-litert"),
        "kernels": "BUILTIN_REF",
        "seeds": seeds,
        "goldens": entries,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def main():
    here = pathlib.Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=pathlib.Path, default=here / "../../../shared/data/models",
                        help="folder of whole networks (default: %(default)s)")
    arguments = parser.parse_args()

    networks = sorted(arguments.models.glob("*.tflite"))
    if not networks:
        parser.error(f"no .tflite in {arguments.models}")
    seeds = list(range(1, 17))
    write(here / "networks.json", seeds, make(networks, seeds, compare_default=True))

    seeds = list(range(1, 5))
    operators = sorted((here / "op_models").glob("*.tflite"))
    write(here / "operators.json", seeds, make(operators, seeds, compare_default=False))


if __name__ == "__main__":
    main()
