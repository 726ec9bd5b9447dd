#!/usr/bin/env python3
"""clang-tidy over sources, each looked at once: a source whose text, headers and checks are those of a
run that found nothing is skipped. What was found to be clean is kept outside the clone, in
$WEIR_LINT_CACHE or ~/.cache/weir-lint, so that another clone of the same tree has it, too.

    tools/lint.d/tidy.py FILE…

Most of what clang-tidy costs is the standard's headers, so sources of one folder are read as one text. Where
they do not go together (the same name in two of them), they are read apart until each half does. One text
hides an #include that a source forgot: each of src is compiled by itself before, with the standard's headers
that every source has in a build.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("WEIR_LINT_CACHE", pathlib.Path.home() / ".cache" / "weir-lint"))
TEXTS = ROOT / "build" / "lint" / "texts"
TOGETHER = {"src": 8, "tests": 24}
KEPT_DAYS = 60
REVISION = b"1"  # of what a verdict means: another one where this program finds what it did not find before
NAMELESS = re.compile(r"^(namespace \{|}  // namespace)$", re.MULTILINE)
LAST = re.compile(r"^}  // namespace \S+\s*\Z", re.MULTILINE)
FOUND = re.compile(r"^(/[^:\n]*):(\d+):\d+: (?:error|warning):", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def flags_of(source):
    """How the compiler reads this source, from the compilation database; without what it writes."""
    words = flags_of.commands[source].split()
    keep = ["-Wno-unknown-warning-option"]  # g++ has some that clang does not know
    for word in words[1:]:
        if re.match(r"-(D|I|std=|isystem|W(?!error|invalid-pch))", word) or (keep and keep[-1] == "-isystem"):
            keep.append(word.replace('\\"', '"'))
    return [*keep, "-iquote", str(ROOT / os.path.dirname(source))]  # wherever the text is that it is part of


def load_commands():
    entries = json.loads((ROOT / "build" / "lint" / "compile_commands.json").read_text())
    flags_of.commands = {os.path.relpath(entry["file"], ROOT): entry["command"] for entry in entries}


class Sources:
    """Texts of the tree, and what each needs of it."""

    def __init__(self):
        self._digests = {}
        self._includes = {}

    def digest(self, path):
        if path not in self._digests:
            text = (ROOT / path).read_bytes()
            self._digests[path] = hashlib.sha256(text).hexdigest()
            self._includes[path] = INCLUDE.findall(text.decode("utf-8", "replace"))
        return self._digests[path]

    def closure(self, path):
        """The source and every header of the tree that it reaches."""
        found, todo = set(), [path]
        while todo:
            one = todo.pop()
            if one in found:
                continue
            found.add(one)
            self.digest(one)
            for name in self._includes[one]:
                for folder in ("src", "include", "tests/unit", os.path.dirname(one)):
                    candidate = os.path.normpath(os.path.join(folder, name))
                    if (ROOT / candidate).is_file():
                        todo.append(candidate)
                        break
        return sorted(found)


def surroundings():
    """What a verdict depends on beside the tree's text: the tool, the checks, the system's headers."""
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    packages = subprocess.run(["dpkg-query", "--show", "*-dev", "libc6"], capture_output=True).stdout
    parts = [version, packages, REVISION]
    parts += [path.read_bytes() for path in sorted(ROOT.glob("**/.clang-tidy")) if "build" not in path.parts]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def key_of(source, sources, around):
    parts = [around, source, *flags_of(source)]
    parts = [part.replace(str(ROOT), "") for part in parts]
    parts += [f"{path} {sources.digest(path)}" for path in sources.closure(source)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def run(command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def compiles(path, flags):
    return run(["clang++", "-fsyntax-only", "-w", *flags, str(path)])


class Standard:
    """The standard's headers, compiled once."""

    def __init__(self, flags):
        names = re.search(r"set\(WEIR_PRECOMPILED ([^)]*)\)", (ROOT / "CMakeLists.txt").read_text())[1]
        header = TEXTS / "standard.h"
        TEXTS.mkdir(parents=True, exist_ok=True)
        header.write_text("".join(f"#include {name}\n" for name in names.split()))
        self._compiled = header.with_suffix(".pch")
        run(["clang++", "-x", "c++-header", *flags, str(header), "-o", str(self._compiled)])

    def suffices(self, source):
        """The compiler's words where the source lacks an #include, else nothing."""
        flags = flags_of(source)
        if compiles(ROOT / source, [*flags, "-include-pch", str(self._compiled)])[0] == 0:
            return ""
        return compiles(ROOT / source, flags)[1]


def checks_for(source):
    """The nearest .clang-tidy above a source, which may be read as part of a text elsewhere."""
    for folder in (ROOT / source).parents:
        if (folder / ".clang-tidy").is_file():
            return folder / ".clang-tidy"
    sys.exit(f"lint: no .clang-tidy for {source}")


def tidy(path, source, flags):
    return run(["clang-tidy", "--quiet", "--warnings-as-errors=*", f"--config-file={checks_for(source)}", str(path),
                "--", *flags])


def text_of(source, number):
    """A source as part of a text. All that a test has is its own: it stands in a namespace by itself."""
    text = (ROOT / source).read_text()
    if not source.startswith("tests/") or not NAMELESS.search(text) or not LAST.search(text):
        return text
    text = NAMELESS.sub(f"namespace text_{number} {{", text, count=1)
    return LAST.sub("}\n}\n", NAMELESS.sub("", text))


class Text:
    """A file in build/ that holds several sources."""

    def __init__(self, files):
        folder = TEXTS / os.path.dirname(files[0])
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{hashlib.sha256(chr(10).join(files).encode()).hexdigest()[:12]}.cc"
        self._begins, lines = [], 0
        with self.path.open("w") as out:
            for number, source in enumerate(files):
                text = text_of(source, number)
                self._begins.append((lines, source))
                lines += text.count("\n")
                out.write(text)

    def sources_with(self, said):
        """In which of its sources something was found. None: in a header, too."""
        found = set()
        for path, line in FOUND.findall(said):
            inside = [source for first, source in self._begins if first < int(line)]
            found.add(inside[-1] if path == str(self.path) else None)
        return found or {None}


def examine(files):
    """(the files that are clean, what was found in others)."""
    flags = flags_of(files[0])
    if len(files) == 1:
        code, said = tidy(ROOT / files[0], files[0], flags)
        return (files, "") if code == 0 else ([], said)
    text = Text(files)
    code, said = tidy(text.path, files[0], flags)
    if code == 0:
        return files, ""
    found = text.sources_with(said)
    if "[clang-diagnostic-error" not in said and None not in found:
        # By themselves: a name that two of them declare is no fault of either.
        alone = [examine([one]) for one in files if one in found]
        clean = [one for one in files if one not in found] + [one for some, _ in alone for one in some]
        return clean, "".join(said for _, said in alone)
    half = len(files) // 2
    clean, said = examine(files[:half])
    more_clean, more_said = examine(files[half:])
    return clean + more_clean, said + more_said


def by_folder(files):
    groups = {}
    for one in files:
        groups.setdefault((os.path.dirname(one), tuple(flags_of(one))), []).append(one)
    for members in groups.values():
        together = TOGETHER[members[0].split("/")[0]]
        for i in range(0, len(members), together):
            yield members[i:i + together]


def look(files, standard):
    """What of these stands by itself, then what clang-tidy says of all of them."""
    lone = "".join(standard.suffices(one) for one in files if one.startswith("src/"))
    return ([], lone) if lone else examine(files)


def forget_old():
    limit = time.time() - KEPT_DAYS * 86400
    for path in CACHE.iterdir():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def main():
    load_commands()
    CACHE.mkdir(parents=True, exist_ok=True)
    forget_old()
    files = [os.path.relpath(os.path.abspath(one), ROOT) for one in sys.argv[1:]]
    unknown = [one for one in files if one not in flags_of.commands]
    if unknown:
        sys.exit(f"lint: no compile command for {' '.join(unknown)}: configure build/lint anew")
    sources, around = Sources(), surroundings()
    keys = {one: key_of(one, sources, around) for one in files}
    todo = [one for one in files if not (CACHE / keys[one]).exists()]
    for one in set(files) - set(todo):
        os.utime(CACHE / keys[one])
    failed = False
    standard = Standard(flags_of(files[0])) if todo else None
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for clean, said in pool.map(lambda some: look(some, standard), by_folder(todo)):
            for one in clean:
                (CACHE / keys[one]).touch()
            if said:
                failed = True
                print(said, flush=True)
    if failed:
        sys.exit(1)
    print(f"lint: {len(files)} files, nothing to say ({len(files) - len(todo)} known to be clean)")


if __name__ == "__main__":
    main()
