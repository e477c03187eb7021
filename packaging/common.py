"""What the packages share: the version, the targets, and files whose bytes depend on their content alone."""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = (ROOT / "Cargo.toml").read_text()


def _first(key: str) -> str:
    """The first value of a key: that of `[workspace.package]`, and for the description that of the program."""
    return re.search(rf'^{key} = "(.*)"$', MANIFEST, re.MULTILINE).group(1)


VERSION = _first("version")
LICENSE = _first("license")
SUMMARY = _first("description")
REQUIREMENTS = ROOT / "templates" / "ministack-requirements.txt"

# The first day that a zip can tell, in seconds since 1970.
DATE = 315532800

# Rust's target: npm's `os` and `cpu`, and the platform of a wheel. The wheel of Linux also names its C library.
TARGETS = {
    "x86_64-unknown-linux-gnu": ("linux", "x64", "manylinux_{}_x86_64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64", "manylinux_{}_aarch64"),
    "x86_64-apple-darwin": ("darwin", "x64", "macosx_11_0_x86_64"),
    "aarch64-apple-darwin": ("darwin", "arm64", "macosx_11_0_arm64"),
}


def glibc(program: bytes) -> str:
    """The newest C library that a program for Linux needs, as wheels write it: `2_34`."""
    found = {int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", program)}
    return f"2_{max(found | {17})}"


def platform(target: str, program: bytes) -> str:
    """The platform tag of a wheel."""
    return TARGETS[target][2].format(glibc(program))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
