#!/usr/bin/env python3
"""Makes the wheels of PyPI.

    wheel.py program --target TARGET --binary FILE    stackctl: the program itself
    wheel.py local   --target TARGET                  stackctl-local: the emulator's packages, for `stackctl[local]`

`stackctl-local` holds the very wheels that templates/ministack-requirements.txt pins by hash. stackctl installs them from
there into an environment of its own, checks the same hashes, and fetches nothing. They end up in `share/stackctl/wheels`
beside the `bin` folder, where stackctl looks for them whichever way it was installed.
"""

import argparse
import base64
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from common import DATE, LICENSE, REQUIREMENTS, ROOT, SUMMARY, TARGETS, VERSION, platform

# Those that the emulator's packages have ready-made files for: `python.rs` of the local cloud names the same range.
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]


class Wheel:
    """A wheel in the making (https://packaging.python.org/en/latest/specifications/binary-distribution-format/)."""

    def __init__(self, folder: Path, name: str, tag: str):
        self.stem = f"{name}-{VERSION}"
        self.path = folder / f"{self.stem}-{tag}.whl"
        self.tag = tag
        self.files = {}

    def add(self, path: str, data: bytes, executable=False):
        self.files[path] = (data, 0o755 if executable else 0o644)

    def write(self, metadata: list[str]):
        info = f"{self.stem}.dist-info"
        self.add(f"{info}/METADATA", "\n".join(metadata).encode())
        lines = ["Wheel-Version: 1.0", "Generator: stackctl", "Root-Is-Purelib: false", f"Tag: {self.tag}", ""]
        self.add(f"{info}/WHEEL", "\n".join(lines).encode())
        for name in ["LICENSE-MIT", "LICENSE-APACHE"]:
            self.add(f"{info}/licenses/{name}", (ROOT / name).read_bytes())
        record = [f"{path},{digest(data)},{len(data)}" for path, (data, _) in sorted(self.files.items())]
        self.add(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]).encode())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, (data, mode) in self.files.items():
                entry = zipfile.ZipInfo(path)
                entry.external_attr = (0o100000 | mode) << 16
                # The wheels within are compressed already.
                entry.compress_type = zipfile.ZIP_STORED if path.endswith(".whl") else zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
        print(self.path)


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def metadata(name: str, summary: str) -> list[str]:
    return [
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: {VERSION}",
        f"Summary: {summary}",
        f"License-Expression: {LICENSE}",
        "License-File: LICENSE-MIT",
        "License-File: LICENSE-APACHE",
        "Requires-Python: >=3.10",
    ]


def program(options):
    data = options.binary.read_bytes()
    wheel = Wheel(options.out, "stackctl", f"py3-none-{platform(options.target, data)}")
    wheel.add(f"{wheel.stem}.data/scripts/stackctl", data, executable=True)
    lines = metadata("stackctl", SUMMARY)
    lines += ["Provides-Extra: local", f"Requires-Dist: stackctl-local == {VERSION} ; extra == 'local'"]
    lines += ["Description-Content-Type: text/markdown", "", (ROOT / "packaging" / "PYPI.md").read_text()]
    wheel.write(lines)


def local(options):
    with tempfile.TemporaryDirectory() as folder:
        for python in options.python or PYTHONS:
            fetch(Path(folder), options.target, python)
        found = sorted(Path(folder).glob("*.whl"))
        # Any Python may run the emulator: it is not imported from this environment.
        wheel = Wheel(options.out, "stackctl_local", f"py3-none-{platform(options.target, b'')}")
        for path in found:
            wheel.add(f"{wheel.stem}.data/data/share/stackctl/wheels/{path.name}", path.read_bytes())
        wheel.write([*metadata("stackctl-local", "The local cloud of stackctl, as pinned packages"), ""])


def fetch(folder: Path, target: str, python: str):
    """The pinned files for one Python; pip checks their hashes."""
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    words += ["--only-binary", ":all:", "--python-version", python, "--implementation", "cp", "--dest", str(folder)]
    for tag in platforms(target):
        words += ["--platform", tag]
    requirements = folder / "requirements.txt"
    requirements.write_text(applying(python))
    subprocess.run([*words, "-r", str(requirements)], check=True)


def platforms(target: str) -> list[str]:
    tag = TARGETS[target][2]
    if "{}" in tag:
        older = [tag.format(f"2_{minor}") for minor in range(34, 4, -1)]
        return [*older, tag.replace("manylinux_{}", "manylinux2014")]
    system, cpu = tag.split("_11_0_")
    return [f"{system}_{major}_{minor}_{kind}" for kind in (cpu, "universal2") for major, minor in
            [(11, 0), (10, 15), (10, 13), (10, 12), (10, 9)]]


def applying(python: str) -> str:
    """The requirements without markers: pip would compare those with the Python that runs it."""
    from_version = tuple(int(part) for part in python.split("."))
    blocks, lines = [], []
    for line in REQUIREMENTS.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        lines.append(line)
        if not line.rstrip().endswith("\\"):
            blocks.append(lines)
            lines = []
    kept = []
    for block in blocks:
        first, marker = (block[0].rstrip(" \\") + ";").split(";", 1)
        if holds(marker.rstrip(";"), from_version):
            kept += [first.strip() + " \\", *block[1:]]
    return "\n".join(kept) + "\n"


def holds(marker: str, python: tuple[int, int]) -> bool:
    """The few markers that the pins have, for CPython."""
    for condition in marker.split(" and "):
        condition = condition.strip()
        if condition.startswith("python_full_version"):
            _, operator, version = condition.split()
            bound = tuple(int(part) for part in version.strip("'").split("."))
            if not {"<": python < bound, ">=": python >= bound}[operator]:
                return False
        elif condition and "!= 'PyPy'" not in condition:
            raise SystemExit(f"unknown marker: {condition}")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["program", "local"])
    parser.add_argument("--target", required=True, choices=sorted(TARGETS))
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--python", action="append", help="for `local`: only for this Python")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "packages")
    options = parser.parse_args()
    if options.kind == "program" and not options.binary:
        parser.error("`program` needs --binary")
    {"program": program, "local": local}[options.kind](options)


if __name__ == "__main__":
    main()
