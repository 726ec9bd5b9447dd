"""What a class may be: in one .cc, without friends, of at most 12 fields and 12 public methods.

tools/check-includes holds src/ to it. Read by the shape that clang-format gives: definitions begin in
the first column. Structs without methods are values and may have any number of fields.
"""

import re

MAX = 12  # fields, and public methods

# Folders below src/ whose classes are counted.
COUNTED = ("flow", "gateway", "takeover", "loop", "dial")

# Class: why it may be larger, or cut.
EXCEPTIONS = {
    "UdpPath": "makes every part of a worker's UDP side and wires them: one field a part",
    "Gateway": "makes every part of the process and wires them: one field a part",
    "Worker": "makes every part of one worker's thread and wires them; has all that may be asked of that thread",
}

COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/', re.S)
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'')
CLASS = re.compile(r'\b(class|struct)\s+(?:alignas\([^)]*\)\s*)?(?:\[\[[^\]]*\]\]\s*)?(\w+)\s*(?:final\s*)?(?::[^:;{][^;{]*)?$')
DEFINITION = re.compile(r'^(?![\s}#/]).*?\b([A-Z]\w*)::(?:[A-Z]\w*::)*(~?\w+|operator[^\s(]+)\(', re.M)
ACCESS = re.compile(r'^\s*(public|private|protected)\s*:(?!:)\s*')


def bare(text):
    """The text without comments and what stands in quotes; the lines stay."""
    text = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)  # 10'000
    text = re.sub(r'^[ \t]*#[^\n]*', "", text, flags=re.M)
    return LITERAL.sub('""', text)


def closing(text, begin):
    """Where the block that begins there ends."""
    depth = 0
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def without_templates(text):
    """What stands in <> is taken out, so that the commas and parentheses left are a declarator's."""
    before = None
    while before != text:
        before, text = text, re.sub(r'<[^<>]*>', "", text.replace("->", "  ").replace("<=>", "   "))
    return text


class Class:
    def __init__(self, name, line, kind):
        self.name, self.line, self.kind = name, line, kind
        self.fields, self.public_methods, self.methods, self.friends = 0, 0, 0, []


def member(found, text, access):
    """Counts one declaration of a class."""
    text = text.strip()
    if re.match(r'friend\b', text):
        if "operator" not in text:
            found.friends.append(text)
        return
    plain = without_templates(re.sub(r'^\[\[[^\]]*\]\]\s*', "", re.sub(r'^template\s*', "", without_templates(text)).strip()))
    if not plain or re.match(r'(using|typedef|enum|static_assert|requires)\b', plain) or re.match(
            r'(class|struct)\s+\w+$', plain):
        return
    declarator = plain.split("=")[0] if "operator" not in plain else plain
    if "(" in declarator:
        found.methods += 1
        special = re.match(rf'(?:explicit\s+|virtual\s+|constexpr\s+)*~?{found.name}\s*\(', plain) or "operator" in plain
        if special:
            found.methods -= 1
        elif access == "public":
            found.public_methods += 1
    elif not re.match(r'(inline\s+)?(static|constexpr)\b', plain):
        found.fields += 1 + declarator.count(",")


def classes_in(text):
    """Every class that a header defines, those within others too."""
    text = bare(text)
    out = []

    def read(begin, end, found):
        access = "private" if found and found.kind == "class" else "public"
        at = start = begin
        while at < end:
            char = text[at]
            if char == ";":
                if found:
                    member(found, text[start:at], access)
                start = at + 1
            elif char == ":" and found and (label := ACCESS.match(text[start:at + 1])):
                access = label.group(1)
                start = at + 1
            elif char == "{":
                head = text[start:at].strip()
                last = closing(text, at)
                head = re.sub(r'^\s*(public|private|protected)\s*:(?!:)\s*', "", head)
                opened = CLASS.search(head)
                if opened and not head.startswith("enum") and "(" not in without_templates(head[opened.start():]).split(":")[0]:
                    inner = Class(opened.group(2), text.count("\n", 0, at) + 1, opened.group(1))
                    out.append(inner)
                    read(at + 1, last, inner)
                    start = last + 1
                elif re.match(r'(inline\s+)?namespace\b', head) or head.startswith("extern"):
                    read(at + 1, last, None)
                    start = last + 1
                elif head.startswith("enum"):
                    start = last + 1
                elif head.count("(") > head.count(")"):
                    pass  # of a default argument
                elif "(" in without_templates(head).split("=")[0] or head.endswith(")"):
                    if found:
                        member(found, head, access)
                    start = last + 1
                # Else it is what a field begins with, or a lambda: the field goes on to its ';'.
                at = last
            at += 1

    read(0, len(text), None)
    return out


def cut_classes(sources, counted):
    """Of (path, text) of .cc files: the classes of `counted` that are defined in several."""
    places = {}
    for path, text in sources:
        for match in DEFINITION.finditer(bare(text)):
            if match.group(1) in counted:
                places.setdefault(match.group(1), set()).add(path)
    return {name: sorted(paths) for name, paths in places.items() if len(paths) > 1}


def problems(root):
    """What src/ does that it may not."""
    found = []
    headers = [path for folder in COUNTED for path in sorted((root / "src" / folder).rglob("*.h"))]
    names = set()
    for path in headers:
        where = path.relative_to(root)
        for one in classes_in(path.read_text(errors="replace")):
            names.add(one.name)
            at = f"{where}:{one.line}: {one.name}"
            if one.friends:
                found.append((one.name, "friend", f"{at} has a friend: {one.friends[0]}"))
            if one.methods and one.fields > MAX:
                found.append((one.name, "fields", f"{at} has {one.fields} fields, not at most {MAX}"))
            if one.public_methods > MAX:
                found.append((one.name, "methods", f"{at} has {one.public_methods} public methods, not at most {MAX}"))
    sources = [(path.relative_to(root).as_posix(), path.read_text(errors="replace"))
               for folder in COUNTED for path in sorted((root / "src" / folder).rglob("*.cc"))]
    for name, paths in sorted(cut_classes(sources, names).items()):
        found.append((name, "cut", f"{paths[0]}: {name} is cut into {len(paths)} files: {', '.join(paths)}"))
    return [text for name, _, text in found if name not in EXCEPTIONS]


SELF_TEST = {
    "src/flow/value.h": """struct Value { int a, b, c, d, e, f, g, h, i, j, k, l, m; };
""",
    "src/flow/small.h": """class Small {
 public:
  Small(int a = {}, int b = 0);  // "int x;"
  enum class Kind { one, two };
  struct Part { int a; std::function<void(int, int)> b; };
  void one(const Value& value = {});
  [[nodiscard]] bool two() const { int x; return x; }
  friend bool operator==(const Small&, const Small&) = default;
 private:
  std::map<int, int> a_{1, 2};
  int b_ = 10'000;
};
""",
    "src/flow/large.h": "class Large {\n public:\n"
    + "".join(f"  void m{i}(int);\n" for i in range(13)) + " private:\n  friend class Small;\n"
    + "".join(f"  std::map<int, int> f{i}_;\n" for i in range(13)) + "};\n",
    "src/flow/large.cc": "void Large::m0(int) {}\n",
    "src/flow/more.cc": "int x = 0;\nstd::map<int, Large::T> Large::m1(int a,\n    int b) {}\nvoid f() {\n  Small::one();\n}\n",
    "src/flow/small.cc": "void Small::one() { Large::m2(); }\n",
    "src/base/large.h": "class Elsewhere { friend class Large; };\n",
}
SELF_EXPECTED = [
    "src/flow/large.h:1: Large has a friend: friend class Small",
    "src/flow/large.h:1: Large has 13 fields, not at most 12",
    "src/flow/large.h:1: Large has 13 public methods, not at most 12",
    "src/flow/large.cc: Large is cut into 2 files: src/flow/large.cc, src/flow/more.cc",
]
