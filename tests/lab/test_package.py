#!/usr/bin/env python3
"""What is installed: manual pages and completions that agree with the program, and the Debian package,
installed, used and purged on a copy of this machine that vanishes with the test."""

import glob
import os
import re
import subprocess

from harness import case, main

OWN = "it is weir's package"
NO_FAMILY = (None,)
COMMANDS = ("run", "check", "explain", "firewall", "status", "flows", "rules", "upstreams", "reload", "close",
            "drain", "log-level", "top", "version")


def reference(lab, what):
    return lab.router.run(lab.weir_path, "reference", what, check=True).stdout.decode()


def commands(lab):
    """The commands that --help shows."""
    lines = lab.router.run(lab.weir_path, "--help", check=True).stdout.decode().split("Subcommands:\n")[1]
    return [line.split()[0] for line in lines.splitlines() if line.startswith("  ") and line[2] != " "]


@case("manual pages are correct and name every command", NO_FAMILY, only_weir=OWN)
def manuals(lab):
    assert set(COMMANDS) <= set(commands(lab)), commands(lab)
    for what, name in (("man", "weir.1"), ("ini", "weir.ini.5")):
        text = reference(lab, what)
        path = f"{lab.work}/{name}"
        with open(path, "w") as file:
            file.write(text)
        done = lab.router.run("env", "LC_ALL=C.UTF-8", "man", "--warnings", "-l", path)
        assert done.returncode == 0 and not done.stderr, done.stderr
        done = lab.router.run("mandoc", "-T", "lint", "-W", "warning", path)
        # Reproducible builds have no date.
        findings = [line for line in done.stdout.decode().splitlines() if "missing date" not in line]
        assert not findings, findings
    shown = lab.router.run("env", "LC_ALL=C.UTF-8", "MANWIDTH=80", "man", "-l", f"{lab.work}/weir.1").stdout.decode()
    for command in commands(lab):
        assert f"weir {command}" in shown, command


@case("shells complete commands, options and choices", NO_FAMILY, only_weir=OWN)
def completions(lab):
    files = {}
    for shell in ("bash", "zsh", "fish"):
        files[shell] = f"{lab.work}/completion.{shell}"
        with open(files[shell], "w") as file:
            file.write(reference(lab, shell))

    def bash(line):
        words = line.split(" ")
        script = (f"source {files['bash']}; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
                  f"COMP_CWORD={len(words) - 1}; _weir; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return lab.router.run("bash", "-c", script, check=True).stdout.decode().split()

    assert set(bash("weir ")) == set(commands(lab))
    assert bash("weir sta") == ["status"]
    assert "--json" in bash("weir flows --") and "--client" in bash("weir flows --")
    assert bash("weir flows --protocol ") == ["tcp", "udp"]
    assert bash("weir firewall sh") == ["show"]
    assert set(bash("weir log-level ")) >= {"debug", "error"}
    assert files["bash"] in bash(f"weir check -c {lab.work}/completion.b")

    done = lab.router.run("zsh", "-f", "-c", f"autoload -U compinit; compinit -D; source {files['zsh']} 2>&1; whence -w _weir")
    assert b"_weir: function" in done.stdout, done
    assert lab.router.run("zsh", "-n", files["zsh"]).returncode == 0

    def fish(line):
        done = lab.router.run("fish", "--private", "-c", f"source {files['fish']}; complete -C '{line}'", check=True)
        return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]

    assert set(fish("weir ")) >= set(commands(lab))
    assert fish("weir flows --protocol ") == ["tcp", "udp"]
    assert set(fish("weir firewall ")) >= {"show", "apply", "remove"}


CONFIG = """
[firewall]
interfaces = lan
[rule web]
on = tcp/80
use = pool
[upstream pool]
type = forward
server = web1=198.51.100.10:80
"""


@case("shells complete names of the running gateway, and quote what a name holds", NO_FAMILY, only_weir=OWN)
def names(lab):
    real, fake = f"{lab.work}/real", f"{lab.work}/fake"
    os.makedirs(real)
    os.makedirs(fake)
    os.makedirs("/run/weir", exist_ok=True)
    os.symlink(lab.weir_path, f"{real}/weir")
    with open(f"{fake}/weir", "w") as file:
        file.write(f"#!/bin/sh\n[ $1 != names ] || {{ echo '$(touch {fake}/gone)'; exit; }}\n"
                   f"exec {lab.weir_path} \"$@\"\n")
    os.chmod(f"{fake}/weir", 0o755)

    def shell(folder, *argv):
        return lab.router.run("env", f"PATH={folder}:{os.environ['PATH']}", *argv, check=True).stdout.decode()

    def bash(*words, folder=real):
        script = (f"source <(weir reference bash); COMP_WORDS=({' '.join(map(repr, words))}); "
                  f"COMP_CWORD={len(words) - 1}; _weir; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return [line for line in shell(folder, "bash", "-c", script).split("\n") if line]

    def fish(line):
        listed = shell(real, "fish", "--private", "-c", f"weir reference fish | source; complete -C '{line}'")
        return [line.split("\t")[0] for line in listed.splitlines()]

    assert set(bash("weir", "explain", "")) >= {"tcp", "udp"}
    assert bash("weir", "flows", "--rule", "") == [], "no gateway runs"
    with lab.weir(CONFIG, firewall=False) as weir:
        os.symlink(weir.control.path, "/run/weir/control.sock")  # where commands look by themselves
        assert bash("weir", "flows", "--rule", "w") == ["web"]
        assert bash("weir", "flows", "--upstream", "p") == ["pool"]
        assert set(bash("weir", "set-server", "")) >= {"pool", "web1", "--json"}
        assert "pool" in fish("weir set-server ") and "web" in fish("weir flows --rule ")
    assert bash("weir", "flows", "--rule", "", folder=fake) == [f"\\$\\(touch\\ {fake}/gone\\)"]
    assert not os.path.exists(f"{fake}/gone")


def build_of(lab):
    build = os.path.dirname(lab.weir_path)
    assert os.path.exists(f"{build}/CPackConfig.cmake"), f"{build} is no build folder: cannot make a package"
    return build


def pack(lab, generator, pattern):
    folder = f"{lab.work}/packages-{generator}"
    done = subprocess.run(["cpack", "-G", generator, "-B", folder], cwd=build_of(lab), capture_output=True)
    assert done.returncode == 0, done
    [made] = [name for name in os.listdir(folder) if name.endswith(pattern)]
    return f"{folder}/{made}"


def sections_of(program):
    return subprocess.run(["readelf", "-S", "-n", "-W", program], check=True, capture_output=True, text=True).stdout


class Copy:
    """This machine's files, where what is written goes into memory."""

    def __init__(self, lab):
        self.root = f"{lab.work}/copy"
        layers = f"{lab.work}/layers"
        for folder in (self.root, layers):
            os.makedirs(folder, exist_ok=True)
        run = lambda *argv: subprocess.run(argv, check=True)
        run("mount", "-t", "tmpfs", "-o", "size=300m", "layers", layers)
        os.mkdir(f"{layers}/upper")
        os.mkdir(f"{layers}/work")
        run("mount", "-t", "overlay", "-o", f"lowerdir=/,upperdir={layers}/upper,workdir={layers}/work",
            "copy", self.root)
        for name in ("proc", "dev"):
            run("mount", "--rbind", f"/{name}", f"{self.root}/{name}")
        run("mount", "-t", "tmpfs", "run", f"{self.root}/run")
        self.upper = f"{layers}/upper"
        self.mounted = [f"{self.root}/proc", f"{self.root}/dev", f"{self.root}/run", self.root, layers]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for path in self.mounted:
            subprocess.run(["umount", "-l", path], check=True)

    def run(self, *argv, check=True):
        done = subprocess.run(["chroot", self.root, *argv], capture_output=True, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or done.returncode == 0, done
        return done

    def put(self, path, name):
        with open(path, "rb") as source, open(f"{self.root}/{name}", "wb") as target:
            target.write(source.read())

    def files(self):
        """What differs from the machine, without dpkg's own notes and caches."""
        found = set()
        for folder, _, names in os.walk(self.upper):
            for name in names:
                path = os.path.join(folder, name)[len(self.upper):]
                if not path.startswith(("/var/lib/dpkg", "/var/log/dpkg", "/var/log/alternatives", "/var/cache",
                                        "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/tmp",
                                        "/etc/.pwd.lock", "/var/log/apt", "/etc/subuid", "/etc/subgid",
                                        "/var/lib/systemd")):
                    found.add(path)
        return found


@case("the Debian package installs, checks, keeps the operator's file, starts nothing and purges cleanly",
      NO_FAMILY, only_weir=OWN, limit=240)
def debian(lab):
    package = pack(lab, "DEB", ".deb")
    with Copy(lab) as copy:
        copy.put(package, "weir.deb")
        before = copy.files()
        passwd = copy.run("getent", "passwd").stdout
        copy.run("dpkg", "-i", "weir.deb")
        # What the program was stripped of is a package of its own, found by the build's id.
        build_id = re.search(r"Build ID: (\w\w)(\w+)", sections_of(f"{copy.root}/usr/sbin/weir"))
        assert ".symtab" not in sections_of(f"{copy.root}/usr/sbin/weir")
        [symbols] = glob.glob(f"{os.path.dirname(package)}/weir-dbgsym_*.ddeb")
        listed = subprocess.run(["dpkg-deb", "-c", symbols], check=True, capture_output=True, text=True).stdout
        assert f"/usr/lib/debug/.build-id/{build_id[1]}/{build_id[2]}.debug" in listed, listed
        assert "/usr/sbin/weir" in copy.run("dpkg", "-L", "weir").stdout
        checked = copy.run("weir", "check")
        # There is no route in that root, and so none leads outside.
        said = [line for line in checked.stderr.splitlines() if "no interface carries a default route" not in line]
        assert "good" in checked.stdout and not said, checked
        assert copy.run("weir", "version").stdout.startswith("weir ")
        assert "weir:" in copy.run("getent", "passwd", "weir").stdout
        for page in ("1 weir", "5 weir.ini"):
            assert copy.run("man", "-w", *page.split()).stdout
        # Nothing runs, nothing will start at the next boot.
        assert not any(exe_of(pid).endswith("/usr/sbin/weir") for pid in os.listdir("/proc") if pid.isdigit())
        assert copy.run("systemctl", "is-enabled", "weir.service", check=False).stdout.strip() in ("disabled", "")
        # What the operator wrote survives another installation and a removal.
        with open(f"{copy.root}/etc/weir/weir.ini", "a") as file:
            file.write("\n; mine\n")
        copy.run("dpkg", "-i", "--force-confold", "weir.deb")
        copy.run("dpkg", "-r", "weir")
        with open(f"{copy.root}/etc/weir/weir.ini") as file:
            assert file.read().endswith("; mine\n")
        copy.run("dpkg", "-P", "weir")
        left = copy.files() - before
        assert not {path for path in left if "weir" in path}, left
        assert copy.run("getent", "passwd").stdout == passwd
        assert not os.path.exists(f"{copy.root}/etc/weir")


def exe_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


@case("the tarball has the same files", NO_FAMILY, only_weir=OWN, limit=120)
def tarball(lab):
    listed = subprocess.run(["tar", "-tzf", pack(lab, "TGZ", ".tar.gz")], capture_output=True, text=True,
                            check=True).stdout.split()
    inside = {path.split("/", 1)[1] for path in listed if not path.endswith("/")}
    assert {"usr/sbin/weir", "etc/weir/weir.ini", "lib/systemd/system/weir.service", "usr/share/man/man1/weir.1.gz",
            "usr/share/man/man5/weir.ini.5.gz", "usr/share/doc/weir/changelog.gz",
            "etc/logrotate.d/weir", "usr/share/bash-completion/completions/weir",
            "usr/lib/sysusers.d/weir.conf"} <= inside, inside
    assert all(path.startswith(("usr/", "etc/", "lib/")) for path in inside), inside


def anchors(text):
    """What a heading is called in a link, as GitHub does it."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"(?m)^#+ (.*)$", text)}


@case("every link of an installed document leads to an installed file", NO_FAMILY, only_weir=OWN, limit=120)
def links(lab):
    root = f"{lab.work}/unpacked"
    os.makedirs(root)
    subprocess.run(["tar", "-xzf", pack(lab, "TGZ", ".tar.gz"), "-C", root, "--strip-components=1"], check=True)
    documents = glob.glob(f"{root}/usr/share/doc/weir/**/*.md", recursive=True)
    assert len(documents) > 10, documents
    lost = []
    for path in documents:
        with open(path) as file:
            text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
            name, _, anchor = (target[0] or target[1]).partition("#")
            if name.startswith(("http://", "https://")):
                continue
            meant = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not os.path.exists(meant):
                lost.append((path, name))
            elif anchor:
                with open(meant) as file:
                    if anchor not in anchors(file.read()):
                        lost.append((path, f"{name}#{anchor}"))
    assert not lost, lost


if __name__ == "__main__":
    main()
