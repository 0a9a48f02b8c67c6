#!/usr/bin/env python3
"""Compares an exported model with core/quant: the .tflite in LiteRT's reference kernels byte for byte, the .onnx in
onnxruntime by its answers.

Development only: README.md says how to make the environment it runs in.

    boardloop-worker quantize net.blc --out net.tflite --out net.onnx
    boardloop-worker eval net.tflite --split test --images 1000 --outputs net.bytes
    check_exports.py net.tflite net.onnx net.bytes IMAGES.gz

IMAGES.gz is the IDX file of the images that were evaluated.
"""
import argparse
import gzip
import sys

import numpy as np
import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def read_images(path, count):
    data = gzip.open(path).read()
    height, width = (int.from_bytes(data[i:i + 4], "big") for i in (8, 12))
    pixels = np.frombuffer(data, np.uint8, count * height * width, 16)
    return pixels.reshape(count, height, width, 1)


def run_tflite(path, images):
    interpreter = Interpreter(model_path=path,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    source, sink = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    rows = []
    for image in images:
        values = (image.astype(np.int16) - 128).astype(np.int8)
        interpreter.set_tensor(source["index"], values.reshape(source["shape"]))
        interpreter.invoke()
        rows.append(interpreter.get_tensor(sink["index"]).flatten())
    return np.stack(rows), sink["quantization"][0]


def run_onnx(path, images):
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    planar = images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    return np.stack([session.run(None, {"input": image[None]})[0].flatten() for image in planar])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tflite", "onnx", "outputs", "images"):
        parser.add_argument(name)
    options = parser.parse_args()
    expected = np.fromfile(options.outputs, np.int8)
    session = onnx.load(options.onnx)
    classes = session.graph.output[0].type.tensor_type.shape.dim[-1].dim_value
    expected = expected.reshape(-1, classes)
    images = read_images(options.images, len(expected))

    reference, scale = run_tflite(options.tflite, images)
    differing = int(np.count_nonzero(reference != expected))
    print(f"LiteRT reference kernels: {differing} of {expected.size} bytes differ")

    real = run_onnx(options.onnx, images)
    same = float(np.mean(real.argmax(1) == expected.argmax(1)))
    zero = np.round(np.median(expected - real / scale))
    steps = np.abs(real / scale + zero - expected)
    print(f"onnxruntime {onnxruntime.__version__}: {100 * same:.2f} % of {len(expected)} images have "
          f"the same top-1; largest difference {np.round(steps.max()):.0f} steps")
    return 0 if differing == 0 and same >= 0.995 else 1


if __name__ == "__main__":
    sys.exit(main())
