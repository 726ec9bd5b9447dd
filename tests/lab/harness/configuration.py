"""Completes the configuration of a case: adds the keys every case needs to the sections it has, and
the sections it has not. weir refuses repeated sections, so this is a merge.
"""


def complete(text, log, socket):
    defaults = {
        "log": {"level": "info", "format": "json", "target": f"file:{log}", "flows": "all"},
        "admin": {"socket": socket},
    }
    sections = []  # (header, lines)
    for line in text.strip().splitlines():
        line = line.strip()
        if line.startswith("["):
            sections.append((line, []))
        elif line:
            sections[-1][1].append(line)
    for name, keys in defaults.items():
        header = f"[{name}]"
        lines = next((have for title, have in sections if title == header), None)
        if lines is None:
            lines = []
            sections.insert(0, (header, lines))
        given = {line.split("=")[0].strip() for line in lines}
        lines += [f"{key} = {value}" for key, value in keys.items() if key not in given]
    return "\n".join(f"{header}\n" + "".join(f"{line}\n" for line in lines)
                     for header, lines in sections)
