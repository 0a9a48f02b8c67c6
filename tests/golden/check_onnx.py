#!/usr/bin/env python3
"""Compares exported .onnx files, run by onnxruntime, with what core/quant answers.

Development only: README.md says how to make the environment it runs in. Reads the folder that
write_onnx_cases wrote; fails if a file does not pass ONNX's checker.
"""
import argparse
import json
import pathlib

import numpy as np
import onnx
import onnxruntime

from golden_input import golden_input


def steps(values, quantization):
    """Real NCHW values (or a vector) as int8 numbers in our order, channels last."""
    height, width, channels = quantization["shape"]
    values = values.reshape(channels, height, width).transpose(1, 2, 0).flatten()
    scale = np.float32(quantization["scale"])
    return np.round(values / scale).astype(int) + quantization["zero_point"]


def real_input(seed, quantization):
    height, width, channels = quantization["shape"]
    numbers = golden_input(seed, height * width * channels).astype(np.float32)
    real = (numbers - quantization["zero_point"]) * np.float32(quantization["scale"])
    return real.reshape(1, height, width, channels).transpose(0, 3, 1, 2)


def check(folder, case, optimized):
    """Largest difference, how many values differ, of how many, and agreement of top-1 over inputs."""
    path = folder / case["onnx"]
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    largest = differing = total = agreeing = 0
    for seed, expected in enumerate(case["outputs"], start=1):
        expected = np.frombuffer(bytes.fromhex(expected), dtype=np.int8).astype(int)
        result = session.run(None, {name: real_input(seed, case["input"])})[0]
        numbers = steps(result, case["output"])
        difference = np.abs(numbers - expected)
        largest = max(largest, difference.max())
        differing += np.count_nonzero(difference)
        total += difference.size
        # Several outputs may share the maximum: each of them is a right answer.
        agreeing += expected[numbers.argmax()] == expected.max()
    return largest, differing, total, agreeing


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="what write_onnx_cases wrote")
    arguments = parser.parse_args()

    cases = json.loads((arguments.folder / "cases.json").read_text())
    print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
    for optimized in (False, True):
        print("all optimizations" if optimized else "no optimizations")
        for case in cases:
            largest, differing, total, agreeing = check(arguments.folder, case, optimized)
            print(f"  {pathlib.Path(case['network']).name[:70]:70} largest {largest:3} "
                  f"differ {differing:6} of {total:7} top-1 {agreeing} of {len(case['outputs'])}")


if __name__ == "__main__":
    main()
