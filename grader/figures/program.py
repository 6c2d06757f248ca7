"""Draws experiments in a process of its own, with the student's code and with the student's rights.

    python -I -m grader.figures.program FOLDER (file | window) NAME ...

FOLDER holds `experiments.py` and the student's files. Of each experiment NAME it leaves NAME.png, or NAME.txt with a
sentence that says why there is none.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.figures import Unfinished, experiments_in


def main() -> None:
    """Draw what the command line asks for; a window stays until it is closed."""
    folder, kind, *names = sys.argv[1:]
    place = Path(folder)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    import matplotlib

    if kind == "file":
        matplotlib.use("Agg")
    for name in names:
        try:
            figure = experiments_in(importlib.import_module("experiments"))[name]()
            if isinstance(figure, Unfinished):
                (place / f"{name}.txt").write_text(str(figure), encoding="utf-8")
            elif kind == "file":
                figure.savefig(place / f"{name}.png", dpi=150)
            else:
                _open_window(figure, name)
                (place / f"{name}.png").touch()
        except Exception as error:
            (place / f"{name}.txt").write_text(_describe(error, place), encoding="utf-8")
    if kind == "window":
        import matplotlib.pyplot as plt

        plt.show()


def _open_window(figure: Any, name: str) -> None:
    """Open a window with a figure that was made without one. Raises UsageError where no window can be opened."""
    import matplotlib.pyplot as plt  # For start-up time.

    # Not a class but a callable, which is all that it takes: pyplot adopts the figure.
    window: Any = plt.figure(FigureClass=lambda **options: figure)  # type: ignore[arg-type]
    # Without a screen or a toolkit matplotlib has chosen Agg, which draws to files only.
    if plt.get_backend().lower() == "agg":
        raise UsageError("no window can be opened here; leave --window out and look at the file")
    window.canvas.manager.set_window_title(name)


def _describe(error: Exception, place: Path) -> str:
    """Return the error in a line, with the last place in a file of the student's."""
    where = [
        f" ({Path(frame.filename).name}, line {frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == place
    ]
    kind = "" if isinstance(error, UsageError) else f"{type(error).__name__}: "
    return f"{kind}{error}{where[-1] if where else ''}"


if __name__ == "__main__":
    main()
