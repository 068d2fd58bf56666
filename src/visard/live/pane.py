"""A window to look at, of what Python itself brings: OpenCV's are not in the build that visard installs."""

from __future__ import annotations

import gc
import tkinter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from PIL import Image
from PIL.ImageTk import PhotoImage

from visard.errors import Interrupted, TargetError
from visard.types import Frame

_SHARE = 0.8
"""Of the screen, that a window takes at most when it opens."""


@contextmanager
def opened_pane(first: Frame, aspect: Fraction | None) -> Iterator[Callable[[Frame], None]]:
    """Open a window for frames like the first; aspect: a pixel's width by its height.

    After Esc, q or its closing, the next frame raises Interrupted. Raises TargetError where there is no display.
    """
    try:
        root = tkinter.Tk(className="visard")
    except tkinter.TclError as error:
        raise TargetError(f"no window can be opened: {error}", hint="give --out camera, a file or a URL") from error
    pane = _Pane(root, first, aspect or Fraction(1))
    try:
        yield pane.show
    finally:
        pane.close()
        del root
        gc.collect()  # here: Tcl ends the process where another thread happens to clear it away


class _Pane:
    def __init__(self, root: tkinter.Tk, first: Frame, aspect: Fraction) -> None:
        height, width = first.pixels.shape[:2]
        self._root, self._ended = root, False
        self._wide, self._high = round(width * aspect), height
        share = min(
            1.0, _SHARE * root.winfo_screenwidth() / self._wide, _SHARE * root.winfo_screenheight() / self._high
        )
        root.title("visard")
        root.geometry(f"{max(1, round(self._wide * share))}x{max(1, round(self._high * share))}")
        root.protocol("WM_DELETE_WINDOW", self._end)
        for key in ("<Escape>", "q"):
            root.bind(key, self._end)
        self._label = tkinter.Label(root, background="black", borderwidth=0)
        self._label.pack(expand=True, fill="both")
        self._shown: PhotoImage | None = None
        root.update()

    def show(self, frame: Frame) -> None:
        """Show a frame as large as the window has room for it, in its own proportions."""
        room = self._root.winfo_width(), self._root.winfo_height()
        share = min(room[0] / self._wide, room[1] / self._high)
        size = max(1, round(self._wide * share)), max(1, round(self._high * share))
        picture = Image.fromarray(frame.pixels)
        picture = picture if picture.size == size else picture.resize(size, Image.Resampling.BILINEAR)
        self._shown = PhotoImage(picture, master=self._root)  # kept: Tk itself keeps none
        self._label.configure(image=str(self._shown))
        self._root.update()
        if self._ended:
            raise Interrupted("the window was closed")

    def close(self) -> None:
        """Take the window away, with all that Tk keeps of it."""
        self._root.destroy()
        del self._root, self._label, self._shown

    def _end(self, _: object = None) -> None:
        self._ended = True
