"""How the demo's output looks: headings, a table, wrapped records. Colours only on a terminal."""

import re
import shutil
import sys

_TTY = sys.stdout.isatty()
WIDTH = max(80, min(132, shutil.get_terminal_size((112, 40)).columns))


def _paint(code):
    return lambda text: f"\033[{code}m{text}\033[0m" if _TTY else text


bold, dim, blue, green, red = _paint("1"), _paint("2"), _paint("36"), _paint("32"), _paint("31")


def _length(text):
    return len(re.sub(r"\033\[[0-9;]*m", "", text))


def heading(text, aside=""):
    print(f"\n{bold(text)}{'  ' + dim(aside) if aside else ''}")


def table(titles, rows):
    """Columns as wide as they need to be; `None` as a row is an empty line."""
    widths = [max(_length(row[column]) for row in [titles, *filter(None, rows)])
              for column in range(len(titles))]
    def line(cells):
        return ("  " + "   ".join(cell + " " * (width - _length(cell))
                                  for cell, width in zip(cells, widths))).rstrip()
    print(dim(line(titles)))
    for row in rows:
        print(line(row) if row else "")


def record(text):
    """A flow record: its first words stand out, the rest is wrapped below them."""
    head, _, rest = text.partition(" rule=")
    print("  " + blue(head))
    current = "     "
    for word in ("rule=" + rest).split():
        if len(current) + 1 + len(word) > WIDTH:
            print(dim(current))
            current = "     "
        current += " " + word
    print(dim(current))
