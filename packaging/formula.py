#!/usr/bin/env python3
"""Prints the Homebrew formula of a release: `formula.py OWNER/REPOSITORY SHA256SUMS`."""

import sys
from pathlib import Path

from common import SUMMARY, TARGETS, VERSION

repository, sums = sys.argv[1], Path(sys.argv[2])
found = {name: digest for digest, name in (line.split() for line in sums.read_text().splitlines())}
text = (Path(__file__).parent / "stackctl.rb").read_text()
values = {"REPOSITORY": repository, "VERSION": VERSION, "SUMMARY": SUMMARY}
values |= {target: found[f"stackctl-{target}.tar.gz"] for target in TARGETS}
for name, value in values.items():
    text = text.replace(f"@{name}@", value)
# The line about this script is not for those who read the formula.
print(text.split("\n", 1)[1], end="")
