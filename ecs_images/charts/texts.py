"""Texts from data, made safe for matplotlib, in letters that an installed font has.

A name in a story may contain anything: `$x^2$`, which matplotlib would set as a formula, `_hidden`, which it
would leave out of a legend, a terminal escape, or 黄金镜像, which matplotlib's own font lacks.
"""

from __future__ import annotations

import logging
from functools import cache
from unicodedata import east_asian_width

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

from ..cards import printable

# Fonts with Chinese letters, as Linux, Windows and macOS name them; the first that is installed is taken.
_CHINESE_FONTS = ["Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei"]
_CHINESE_FONTS += ["Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "Heiti TC", "Arial Unicode MS"]


def shortened(text: object, longest: int = 40) -> str:
    """A printable text of at most `longest` letters; the middle is cut, since versions differ at the end of a name."""
    words, head = printable(text), 2 * longest // 3
    return words if len(words) <= longest else f"{words[:head]}…{words[len(words) - (longest - head - 1) :]}"


def plain_text(text: object, longest: int = 40) -> str:
    """A text that matplotlib shows as it is in a title, a label or a legend, shortened to `longest` letters.

    `$` begins no formula. A label that begins with `_` gets a space in front, else a legend would leave it out.
    A letter that no installed font has becomes a box, and the missing font is logged once.
    """
    words = shortened(text, longest)
    if not words.isascii():
        fonts = [get_font(findfont(FontProperties(family=[family]))) for family in _families()]
        lacking = {letter for letter in words if not any(font.get_char_index(ord(letter)) for font in fonts)}
        if lacking:
            _say_that_a_font_is_missing()
        words = "".join("□" if letter in lacking else letter for letter in words)
    words = words.replace("$", r"\$")
    return f" {words}" if words.startswith("_") else words


def width_of_text(text: str) -> float:
    """The width of a text in Latin letters; a Chinese letter is nearly as wide as two."""
    return len(text) + sum(0.7 for letter in text if east_asian_width(letter) in "WF")


def with_fonts(ax: Axes) -> Axes:
    """Returns the axes, with an installed Chinese font for their Chinese texts, if there is one."""
    for text in ax.figure.findobj(Text):
        if isinstance(text, Text) and not text.get_text().isascii():
            text.set_fontfamily(_families())
    return ax


def _families() -> list[str]:
    """The font families of matplotlib's settings, and after them an installed Chinese one, if any."""
    installed = set(fontManager.get_font_names())
    return [*FontProperties().get_family(), *[name for name in _CHINESE_FONTS if name in installed][:1]]


@cache
def _say_that_a_font_is_missing() -> None:
    logging.getLogger("ecs_images").warning(
        "charts: no installed font has some letters of the names, which are drawn as boxes; "
        "for Chinese letters install a font such as Noto Sans CJK"
    )
