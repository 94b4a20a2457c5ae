"""A drawing of how something grows: logarithmic axes, one line a series, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 420, 60, 290, 20, 45
_COLOURS = (
    "#1b6ca8", "#d1495b", "#3a7d44", "#8f5db7", "#e08e0b", "#4d4d4d", "#00798c",
    "#a23e48", "#7a5c00",
)


def curve(series: Mapping[str, Mapping[int, float]]) -> str:
    """Series → SVG; each gives milliseconds by number of passages."""
    sizes = sorted({size for points in series.values() for size in points})
    times = [value for points in series.values() for value in points.values()]
    across = _scale(sizes[0], sizes[-1], _LEFT, _WIDTH - _RIGHT)
    low, high = (10.0 ** f(math.log10(v)) for f, v in ((math.floor, min(times)),
                                                       (math.ceil, max(times))))
    up = _scale(low, high, _HEIGHT - _BOTTOM, _TOP)
    grid = [
        *(_label(across(size), _HEIGHT - _BOTTOM + 18, f"{size:,}", "middle") for size in sizes),
        _label((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, "passages", "middle"),
        _label(8, _TOP - 6, "ms (median)"),
    ]
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        y = up(10.0**power)
        grid += [
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>',
            _label(_LEFT - 8, y + 4, f"{10.0**power:g}", "end"),
        ]
    drawn = [
        line for n, (name, points) in enumerate(series.items())
        for line in _line(n, name, [(across(s), up(v)) for s, v in sorted(points.items())])
    ]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>', *grid, *drawn, "</svg>\n",
    ])


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    width = math.log(high / low) or 1.0
    return lambda value: start + math.log(value / low) / width * (end - start)


def _line(number: int, name: str, points: list[tuple[float, float]]) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    height = _TOP + 16 + 20 * number
    left = _WIDTH - _RIGHT + 20
    yield f'<path d="M{left} {height - 4}h16" stroke="{colour}" stroke-width="2"/>'
    yield _label(left + 22, height, name)


def _label(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
