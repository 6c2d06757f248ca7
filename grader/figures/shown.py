"""A figure that a notebook shows, and shows fast."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure of its own, without pyplot: a notebook shows it once, and nobody has to close it.

    `%matplotlib inline` would draw it twice to cut its margins, which takes twice as long.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
