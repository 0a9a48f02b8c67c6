#!/usr/bin/env python3
"""Draws a small data set to try a search with: a folder with one folder of PNG images per class.

Usage: make_images.py FOLDER [--per-class N] [--size PIXELS]

Four shapes in grey, of random size, place, brightness and angle, on a noisy ground. The same
arguments draw the same images. Needs nothing but Python.
"""
import argparse
import math
import pathlib
import random
import struct
import zlib

# Whether a point (x, y) lies in the shape of radius 1 around (0, 0).
SHAPES = {
    "circle": lambda x, y: x * x + y * y < 0.8,
    "cross": lambda x, y: min(abs(x), abs(y)) < 0.3 and max(abs(x), abs(y)) < 1,
    "square": lambda x, y: max(abs(x), abs(y)) < 0.8,
    "triangle": lambda x, y: y < 0.8 and 2 * abs(x) < y + 1,
}


def draw(shape, size, random):
    """Rows of bytes, one a pixel."""
    radius = size * random.uniform(0.3, 0.45)
    center = [size / 2 + random.uniform(-0.1, 0.1) * size for _ in range(2)]
    angle = random.uniform(-0.3, 0.3)
    cos, sin = math.cos(angle) / radius, math.sin(angle) / radius
    ground, ink = random.uniform(20, 110), random.uniform(130, 230)
    rows = []
    for row in range(size):
        pixels = bytearray()
        for column in range(size):
            x, y = column - center[0], row - center[1]
            value = ink if shape(x * cos + y * sin, y * cos - x * sin) else ground
            pixels.append(max(0, min(255, round(value + random.gauss(0, 10)))))
        rows.append(pixels)
    return rows


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)  # 8 bits of grey.
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--per-class", type=int, default=300)
    parser.add_argument("--size", type=int, default=28)
    arguments = parser.parse_args()
    for name, shape in SHAPES.items():
        folder = arguments.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        generator = random.Random(name)
        for number in range(arguments.per_class):
            image = png(draw(shape, arguments.size, generator))
            (folder / f"{number:04}.png").write_bytes(image)


if __name__ == "__main__":
    main()
