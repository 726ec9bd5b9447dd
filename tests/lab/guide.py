"""The guides in docs/guides as cases see them: their configurations, and the commands that they say to type."""

import contextlib
import os
import re

from doctor_fixture import findings, sysctl

DOCUMENTS = f"{os.path.dirname(os.path.abspath(__file__))}/../../docs"


def blocks(name, language, of="guides/"):
    """The code blocks of a guide that are marked as that language; "" for those that are not marked."""
    with open(f"{DOCUMENTS}/{of}{name}.md") as file:
        fenced = re.findall(r"(?m)^```(\w*)\n(.*?)^```$", file.read(), re.S)
    return [text for marked, text in fenced if marked == language]


@contextlib.contextmanager
def guide(lab, name, interfaces=(), replaced=(), **options):
    """weir with the guide's configuration, on a router with the package's settings of the kernel;
    `interfaces` are the guide's names and the lab's, `replaced` other texts that the lab has to have otherwise."""
    text, = blocks(name, "ini")
    for guides, labs in replaced:
        assert guides in text, guides
        text = text.replace(guides, labs)
    for guides, labs in interfaces:
        assert guides in text, guides
        text = re.sub(rf"(?m)^(interfaces? = .*)\b{guides}\b", rf"\g<1>{labs}", text)
    with sysctl(lab, net__ipv4__tcp_early_demux=0), lab.weir(text, keeps_firewall=True, **options) as weir:
        yield weir


def type_commands(lab, name, block=0):
    """What the guide says to type, up to the commands that are weir's."""
    lines = [line for line in blocks(name, "sh")[block].splitlines() if not line.startswith("weir ")]
    assert lines, name
    lab.router.run("sh", "-e", "-c", "\n".join(lines), check=True)


def no_failure(weir):
    wrong, status = findings(weir)
    assert status == 0, wrong
    return [f["name"] for f in wrong]
