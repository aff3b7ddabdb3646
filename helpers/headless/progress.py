"""Progress of a run: a bar with the step's name on a terminal, one line a step elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from helpers.headless.notebooks import Outcome


@contextmanager
def shown(steps: int) -> Iterator[Callable[[Outcome | str], None]]:
    """A function that is told the name of each step before it and its outcome after it. Writes to standard error."""
    if not sys.stderr.isatty():
        yield _line
        return
    size = shutil.get_terminal_size()  # a terminal that does not know its size is taken for 80 by 24
    shape = "{desc:<14}{bar} {n_fmt}/{total_fmt} {elapsed}"
    with tqdm(total=steps, file=sys.stderr, ncols=size.columns, nrows=size.lines, bar_format=shape) as bar:

        def advance(news: Outcome | str) -> None:
            if isinstance(news, Outcome):
                bar.update()
            else:
                bar.set_description_str(news)

        yield advance


def _line(news: Outcome | str) -> None:
    if isinstance(news, Outcome):
        print(f"{news.step}: {news.result}, {news.seconds:.1f} s", file=sys.stderr, flush=True)
