"""The shapes of a bird as signed distances, positive outside a shape and negative inside.

All coordinates are in the bird's own frame: the origin is the middle of the body, the beak points right, y points
down, and the unit is a pixel of a 64 × 64 picture in which the bird has scale 1.  The distance to a circle
of radius r is |p| − r; that to a union is the minimum of two distances, that to an intersection the maximum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minixai.arrays import Array

Point = tuple[float | Array, float | Array]


class PartDistances(NamedTuple):
    """The signed distances (N, H, W) to the parts, and to details that only change the brightness of a part."""

    tail: Array
    legs: Array
    body: Array
    breast: Array
    wing: Array
    head: Array
    beak: Array
    eye: Array
    near_leg: Array
    pupil: Array
    glint: Array


def bird_distances(x: Array, y: Array, length: Array, curve: Array, stride: Array) -> PartDistances:
    """Return the distances at the points (x, y), each (N, H, W).

    The length and the curve of the beak, and the stride of the legs, are (N, 1, 1).
    """
    trunk = ellipse_distance(x, y, (0.0, 0.0), (13.4, 8.5), 0.13)
    neck = taper_distance(x, y, (7.5, -3.0), (13.6, -10.8), 5.0, 3.6)
    body = smooth_union(trunk, neck, 2.5)
    near, far = leg_distance(x, y, -1.2, stride), leg_distance(x, y, 3.2, -stride)
    return PartDistances(
        tail=np.minimum(
            taper_distance(x, y, (-10.0, -1.6), (-20.5, 1.2), 3.8, 1.1),
            taper_distance(x, y, (-10.0, 0.0), (-19.5, 3.0), 3.0, 1.0),
        ),
        legs=np.minimum(near, far),
        body=body,
        breast=np.maximum(ellipse_distance(x, y, (8.4, 2.2), (8.4, 7.6), -0.5), body + 0.6),
        wing=np.minimum(
            ellipse_distance(x, y, (-3.4, -1.5), (10.4, 5.2), 0.2),
            taper_distance(x, y, (-8.0, -0.8), (-18.5, 2.6), 3.4, 0.5),
        ),
        head=ellipse_distance(x, y, (14.2, -12.2), (5.4, 4.9)),
        beak=beak_distance(x, y, length, curve),
        eye=circle_distance(x, y, (15.7, -13.1), 1.9),
        near_leg=near,
        pupil=circle_distance(x, y, (15.9, -13.1), 1.25),
        glint=circle_distance(x, y, (15.5, -13.6), 0.42),
    )


def beak_distance(x: Array, y: Array, length: Array, curve: Array) -> Array:
    """Return the distance to a beak: a cone along a parabola that bends down, about half as thick at the tip."""
    t = np.clip((x - 17.4) / length, 0, 1)
    axis = -11.7 + t * (0.8 + curve * t)
    lean = (0.8 + 2 * curve * t) / length
    across = np.abs(y - axis) / np.sqrt(1 + lean * lean)
    beyond = np.maximum(np.abs(x - 17.4 - length / 2) - length / 2, 0)
    return np.asarray(np.sqrt(across * across + beyond * beyond) - (1.75 - 0.95 * t))


def leg_distance(x: Array, y: Array, hip: float, swing: Array) -> Array:
    """Return the distance to a leg of thigh, shank and foot; the shank ends `swing` in front of the hip."""
    ankle, toes = hip - 1.8 + 0.4 * swing, hip + swing
    thigh = taper_distance(x, y, (hip, 6.5), (ankle, 13.4), 1.45, 1.15)
    shank = taper_distance(x, y, (ankle, 13.4), (toes, 21.6), 1.25, 0.95)
    foot = taper_distance(x, y, (toes - 1.2, 22.0), (toes + 3.8, 22.3), 0.85, 0.75)
    return np.minimum(np.minimum(thigh, shank), foot)


def circle_distance(x: Array, y: Array, centre: Point, radius: float) -> Array:
    """Return the distance to a circle."""
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) - radius)


def ellipse_distance(x: Array, y: Array, centre: Point, radii: tuple[float, float], angle: float = 0.0) -> Array:
    """Return an approximate distance to an ellipse: k₀(k₀ − 1)/k₁, k₀ = |(u/a, v/b)|, k₁ = |(u/a², v/b²)|. (Quilez)"""
    dx, dy, c, s = x - centre[0], y - centre[1], np.cos(angle), np.sin(angle)
    u, v = (dx * (c / radii[0]) + dy * (s / radii[0])), (dy * (c / radii[1]) - dx * (s / radii[1]))
    u2, v2 = u * u, v * v
    k0 = np.sqrt(u2 + v2)
    k1 = np.sqrt(u2 / radii[0] ** 2 + v2 / radii[1] ** 2 + 1e-9)
    return np.asarray(k0 * (k0 - 1) / k1)


def taper_distance(x: Array, y: Array, a: Point, b: Point, ra: float, rb: float) -> Array:
    """Return the distance to a stroke from a to b, whose radius changes from ra to rb."""
    dx, dy, along, across = b[0] - a[0], b[1] - a[1], x - a[0], y - a[1]
    square = dx * dx + dy * dy
    t = np.clip(along * (dx / square) + across * (dy / square), 0, 1)
    along, across = along - t * dx, across - t * dy
    return np.asarray(np.sqrt(along * along + across * across) - (ra + t * (rb - ra)))


def smooth_union(a: Array, b: Array, width: float) -> Array:
    """Return the distance to a union with a rounded seam: min(a, b), less up to width/4 where a and b are close."""
    near = np.maximum(width - np.abs(a - b), 0)
    return np.asarray(np.minimum(a, b) - near * near * (0.25 / width))
