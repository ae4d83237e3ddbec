"""A picture that the browser draws: SVG, on white whatever the theme of the page unless it takes its colours.

A live page must answer within a tenth of a second, and matplotlib needs longer only to draw the text. Screen
readers can also read text in SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cards import escaped
from .style import DARK
from .texts import width_of_text

WIDTH, LETTER = 860, 7.2
"""Width of a picture that has the page to itself, and width of a letter [pixel]."""
BESIDE, MARGIN = 480, 12
"""Width of a picture that stands beside the controls, and the space right of every drawing [pixel]."""
EDGE = "#B0B0B0"

_FONT = "font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px"
_UP, _DOWN = "M-2,2L2,-2M0,8L8,0M6,10L10,6", "M-2,6L2,10M0,0L8,8M6,-2L10,2"
# Matplotlib's hatches as strokes on a tile of 8 by 8 pixels.
_HATCHES = {"/": _UP, "\\": _DOWN, "x": _UP + _DOWN, "+": "M4,0V8M0,4H8", ".": "M3,4H5"}


def left_of(names: Iterable[str]) -> float:
    """Left edge of the drawing, to the right of the names of its rows [pixel]."""
    return 20 + LETTER * max(map(width_of_text, names))


class Picture:
    """Shapes in the order they are drawn.

    text: what the picture shows, in words, for readers who do not see it
    width: its width, at which its letters have their size; a narrower page shows it smaller [pixel]
    paper: what it is drawn on; `transparent` for one that takes the colours of the page around it
    """

    def __init__(self, text: str, width: int = WIDTH, paper: str = "white") -> None:
        self._text, self._width, self._paper = text, width, paper
        self._strokes: list[str] = []
        self._hatches: dict[str, str] = {}

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, *, edge: str = EDGE, line: float = 0.6
    ) -> None:
        """A rectangle."""
        self._strokes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}" stroke="{edge}" stroke-width="{line:g}"/>'
        )

    def boxes(self, places: Sequence[tuple[float, float, float, float]], fill: str, *, edge: str) -> None:
        """Rectangles of the same look, each by x, y, width and height, as one path."""
        outline = "".join(f"M{x:.1f},{y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z" for x, y, width, height in places)
        self._strokes.append(f'<path d="{outline}" fill="{fill}" stroke="{edge}" stroke-width="0.6"/>')

    def shape(self, corners: Sequence[tuple[float, float]], fill: str, *, edge: str = DARK) -> None:
        """A polygon."""
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        self._strokes.append(f'<polygon points="{points}" fill="{fill}" stroke="{edge}" stroke-width="0.6"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: str = DARK, dash: str = "") -> None:
        """A straight line; `dash` is a dash pattern of SVG, such as 4 3."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._strokes.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'
        )

    def curve(self, points: Sequence[tuple[float, float]], colour: str, *, dash: str = "", width: float = 2) -> None:
        """A line through points."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._strokes.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def ring(self, x: float, y: float, colour: str = DARK) -> None:
        """A small ring that marks a place."""
        self._strokes.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{colour}" stroke-width="2"/>'
        )

    def letters(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        fill: str = DARK,
        weight: str = "",
        style: str = "",
        halo: str = "",
    ) -> None:
        """A line of text; `halo` is a colour behind it, for text on a hatch."""
        look = (f' font-weight="{weight}"' if weight else "") + (f' font-style="{style}"' if style else "")
        if halo:
            look += f' stroke="{halo}" stroke-width="4" paint-order="stroke"'
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self._strokes.append(f'<text {place} fill="{fill}"{look}>{escaped(words)}</text>')

    def axis(self, left: float, right: float, foot: float, words: str, ticks: Iterable[tuple[float, str]]) -> None:
        """The axis below the drawing: ticks, each by its place and name, and the axis label `words`."""
        self.line(left, foot, right, foot)
        for x, name in ticks:
            self.line(x, foot, x, foot + 4)
            self.letters(x, foot + 17, name, anchor="middle")
        self.letters((left + right) / 2, foot + 35, words, anchor="middle")

    def hatch(self, kind: str, colour: str) -> str:
        """A fill of hatch lines without a background; `kind` is a hatch of matplotlib, of any density."""
        name = f"hatch-{ord(kind[0])}-{colour.lstrip('#')}"
        self._hatches[name] = (
            f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f'<path d="{_HATCHES[kind[0]]}" stroke="{colour}" stroke-width="1.1"/></pattern>'
        )
        return f"url(#{name})"

    def html(self, height: float) -> str:
        """The picture as HTML.

        height: its height [pixel]
        """
        look = f'style="max-width:{self._width}px;width:100%;background:{self._paper};{_FONT}"'
        name = escaped(self._text)
        head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {self._width} {height:g}"'
        hatches = f"<defs>{''.join(self._hatches.values())}</defs>" if self._hatches else ""
        return f'{head} aria-label="{name}" {look}><title>{name}</title>{hatches}{"".join(self._strokes)}</svg>'
