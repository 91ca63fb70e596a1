# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy", "pillow"]
# ///
"""Draws a digit as a smooth white stroke on black: the sample images of digits-cnn and digits-vit.

    python draw.py DIGIT SIZE FILE.png
"""

import sys

import numpy
from PIL import Image

# Points that the pen passes, in a box of 28 x 28 (x to the right, y down); a digit of two strokes has two lists.
STROKES = {
    "2": [[(9.5, 10), (11, 6.5), (15, 5.5), (18.5, 8), (17.5, 12.5), (13, 17.5), (8.5, 21.5)],
          [(8.5, 21.5), (13, 20.8), (20, 21.5)]],
    "3": [[(9.5, 7), (13.5, 5.5), (18, 7), (17.5, 11), (13.5, 13.3)],
          [(13.5, 13.3), (18, 14.8), (19, 19), (15, 22.3), (9, 20.8)]],
    "5": [[(18.5, 6), (14.5, 6.2), (11, 6.2)], [(11, 6.2), (10.6, 9.5), (10, 12.6)],
          [(10, 12.6), (14.5, 11.8), (18.5, 14.5), (18, 19.5), (14, 22.2), (9.5, 21.3)]],
    "7": [[(8.5, 7), (13.5, 6.8), (19, 6.6)], [(19, 6.6), (15.5, 13.5), (12.8, 22.2)]],
}
HALF_WIDTH = 1.25  # of the stroke, in the same units


def smooth(points, steps=32):
    """A Catmull-Rom curve through the points, as many short straight pieces: [N,2]."""
    p = numpy.array([points[0], *points, points[-1]], float)
    t = numpy.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    pieces = [0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
              for a, b, c, d in zip(p, p[1:], p[2:], p[3:])]
    return numpy.concatenate([*pieces, p[-1:]])


def draw(digit, size):
    """Grey values [size,size] in [0, 255]; the edge of the stroke fades over one of 28 pixels."""
    centres = (numpy.arange(size) + 0.5) * 28.0 / size
    pixels = numpy.stack(numpy.meshgrid(centres, centres), -1)[:, :, None]  # [y,x,1,2]
    distance = numpy.full((size, size), numpy.inf)
    for stroke in STROKES[digit]:
        curve = smooth(stroke)
        start, along = curve[:-1], numpy.diff(curve, axis=0)
        share = ((pixels - start) * along).sum(-1) / (along**2).sum(-1)
        nearest = start + share.clip(0.0, 1.0)[..., None] * along
        distance = numpy.minimum(distance, numpy.linalg.norm(pixels - nearest, axis=-1).min(-1))
    return (255.0 * (HALF_WIDTH - distance + 0.5).clip(0.0, 1.0)).round().astype(numpy.uint8)


if __name__ == "__main__":
    Image.fromarray(draw(sys.argv[1], int(sys.argv[2]))).save(sys.argv[3], optimize=True)
