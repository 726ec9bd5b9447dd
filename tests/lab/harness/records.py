"""The flow records among the lines of weir's JSON log, read as the file grows."""

import json


class Records:
    def __init__(self, path):
        self._path, self._offset, self._all = path, 0, []

    def all(self):
        """Every record of a finished line so far."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            return self._all
        complete = fresh[:fresh.rfind(b"\n") + 1]
        self._offset += len(complete)
        for line in complete.splitlines():
            if b'"destination"' in line and b'"end"' in line:  # others are messages
                self._all.append(json.loads(line))
        return self._all


def matches(record, fields):
    """Whether the record has these values; a callable is a condition on the value."""
    return all(wanted(record.get(key)) if callable(wanted) else record.get(key) == wanted
               for key, wanted in fields.items())
