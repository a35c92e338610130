"""Text made safe for SVG and HTML, and an estimate of how wide it is drawn."""

from __future__ import annotations

import html
import re
import unicodedata

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NARROW = frozenset("iIjl.,:;'|!()[]{}ftr ·-")
_WIDE = frozenset("mwMW@%—…")


def escape(text: object) -> str:
    """Make any text safe inside an XML or HTML element or a quoted attribute.

    Parameters
    ----------
    text : object
        Anything; ``str`` of it is used.

    Returns
    -------
    str
        The text with the five special characters escaped and characters that XML forbids replaced.

    Examples
    --------
    >>> escape("a < 'b'")
    'a &lt; &#x27;b&#x27;'
    """
    return html.escape(_NOT_XML.sub("\ufffd", str(text)), quote=True)


def text_width(text: str, size: float) -> float:
    """Estimate the width of text in a common sans-serif face.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in pixels.

    Returns
    -------
    float
        Pixels, a little more than most faces need.

    Examples
    --------
    >>> text_width("ill", 10) < text_width("mmm", 10)
    True
    """
    width = 0.0
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            width += 1.05
        elif letter in _NARROW:
            width += 0.38
        elif letter in _WIDE:
            width += 0.92
        elif letter.isupper() or letter == "_":
            width += 0.68
        else:
            width += 0.585
    return width * size


def shorten(text: str, size: float, width: float) -> str:
    """Cut text to a width, with an ellipsis where something was cut.

    Parameters
    ----------
    text : str
        One line.
    size : float
        Font size in pixels.
    width : float
        Pixels there are.

    Returns
    -------
    str
        The text itself where it fits.

    Examples
    --------
    >>> shorten("confounder", 10, 30)
    'con…'
    """
    if text_width(text, size) <= width:
        return text
    kept = text
    while len(kept) > 1 and text_width(kept + "…", size) > width:
        kept = kept[:-1]
    return kept + "…"
