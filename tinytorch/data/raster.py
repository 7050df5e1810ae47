"""Drawing many pictures at once: smooth edges from the distance of each pixel to the nearest line segment."""

from __future__ import annotations

import numpy as np


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, pieces: int = 10) -> np.ndarray:
    """(pieces + 1, 2) points of an ellipse around (x, y); angles in turns, 0 to the right, 0.25 down."""
    turn = 2 * np.pi * np.linspace(start, stop, pieces + 1)
    return np.stack([x + rx * np.cos(turn), y + ry * np.sin(turn)], axis=1)


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, float)


def pieces_of(strokes: list[np.ndarray]) -> np.ndarray:
    """(S, 2, 2): the segments of all strokes, each as its two ends."""
    return np.concatenate([np.stack([stroke[:-1], stroke[1:]], axis=1) for stroke in strokes])


def closed(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points, points[:1]])


def distances(segments: np.ndarray, size: int) -> np.ndarray:
    """(N, S, 2, 2) segments in pixels -> (N, size, size) distance of each pixel's centre to the nearest one."""
    segments = segments.astype(np.float32)
    centre = np.arange(size, dtype=np.float32) + 0.5
    nearest = np.full((len(segments), size, size), np.inf, np.float32)
    for s in range(segments.shape[1]):
        (ax, ay), (bx, by) = segments[:, s].transpose(1, 2, 0)  # each (N,)
        ux, uy = bx - ax, by - ay
        length = np.maximum(ux * ux + uy * uy, 1e-6)
        px, py = centre - ax[:, None], centre - ay[:, None]  # (N, size): pixels as seen from the first end
        t = ((px * (ux / length)[:, None])[:, None, :] + (py * (uy / length)[:, None])[:, :, None]).clip(0, 1)
        dx = px[:, None, :] - t * ux[:, None, None]
        dy = py[:, :, None] - t * uy[:, None, None]
        np.minimum(nearest, dx * dx + dy * dy, out=nearest)
    return np.sqrt(nearest)


def inside(segments: np.ndarray, size: int) -> np.ndarray:
    """(N, S, 2, 2) closed outlines -> (N, size, size): pixels whose ray to the right crosses them an odd number of times."""
    segments = segments.astype(np.float32)
    centre = np.arange(size, dtype=np.float32) + 0.5
    odd = np.zeros((len(segments), size, size), bool)
    for s in range(segments.shape[1]):
        (ax, ay), (bx, by) = segments[:, s].transpose(1, 2, 0)[..., None]  # each (N, 1)
        spans = (ay > centre) != (by > centre)  # (N, size) rows
        height = np.where(by == ay, 1, by - ay)
        crossing = ax + (bx - ax) * (centre - ay) / height  # (N, size): where the row meets the line
        odd ^= spans[:, :, None] & (centre < crossing[:, :, None])
    return odd


def transformed(points: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(S, 2, 2) or (N, S, 2, 2) points, (N, 2, 2) matrices, (N, 2) shifts -> (N, S, 2, 2)."""
    return (
        np.einsum("nij,n...j->n...i", matrix, np.broadcast_to(points, (len(matrix), *points.shape[-3:])))
        + shift[:, None, None, :]
    )


def rotation(angle: np.ndarray) -> np.ndarray:
    """(N,) angles in radians -> (N, 2, 2)."""
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)


def to_bytes(picture: np.ndarray) -> np.ndarray:
    return (picture.clip(0, 1) * 255 + 0.5).astype(np.uint8)
