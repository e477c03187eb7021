#!/usr/bin/env python3
"""What each crate costs to compile: processor seconds (user + system) of every rustc, linker and build script.

    python3 bench/weight.py                         the first command of the README: stackctl and the handler
    python3 bench/weight.py -- build --release      any other cargo command
    python3 bench/weight.py --rows 30 --markdown    the table of bench/README.md

Cargo builds into an empty folder of its own, with this script as `RUSTC_WRAPPER`. Downloads are not counted: run
`cargo fetch` first. Only `--rows` rows are printed, and the sum of the rest.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG = "STACKCTL_WEIGHT_LOG"


def wrapped(words):
    """Runs one rustc and writes down what it cost, its linker included."""
    code = subprocess.call(words)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)

    def after(flag):
        return words[words.index(flag) + 1] if flag in words else None

    name = after("--crate-name")
    if name and "___" not in name:
        line = {
            "crate": name,
            "package": os.environ.get("CARGO_PKG_NAME", name),
            "kind": after("--crate-type") or "bin",
            "seconds": used.ru_utime + used.ru_stime,
            "memory": used.ru_maxrss // 1024,
        }
        with open(os.environ[LOG], "a") as log:
            log.write(json.dumps(line) + "\n")
    return code


def measured(command):
    """Processor and wall seconds of a cargo command in an empty target folder, and a record for each rustc."""
    with tempfile.TemporaryDirectory(prefix="stackctl-weight-") as folder:
        log = Path(folder) / "log"
        log.touch()
        environment = dict(os.environ, CARGO_TARGET_DIR=f"{folder}/target", **{LOG: str(log)})
        environment["RUSTC_WRAPPER"] = str(Path(__file__).resolve())
        before, since = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        for words in command:
            subprocess.run(["cargo", *words], cwd=ROOT, env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        records = [json.loads(line) for line in log.read_text().splitlines()]
        return seconds, time.monotonic() - since, records


def shares(records):
    """Seconds by package, the heaviest first."""
    sums = {}
    for record in records:
        sums[record["package"]] = sums.get(record["package"], 0) + record["seconds"]
    return sorted(sums.items(), key=lambda pair: -pair[1])


def show(seconds, wall, records, rows, markdown):
    packages = shares(records)
    of_rustc = sum(cost for _, cost in packages)
    lines = [(name, cost) for name, cost in packages[:rows]]
    lines.append((f"{max(len(packages) - rows, 0)} more", sum(cost for _, cost in packages[rows:])))
    lines.append(("cargo and build scripts", seconds - of_rustc))
    lines.append(("all", seconds))
    if markdown:
        print("| package | processor seconds | share |\n| --- | ---: | ---: |")
    for name, cost in lines:
        form = "| {} | {:.1f} | {:.0f} % |" if markdown else "{:32} {:8.1f} s {:5.0f} %"
        print(form.format(name, cost, 100 * cost / seconds))
    print(f"\n{len(packages)} packages, {len(records)} compilations, {wall:.0f} s wall")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=25)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("cargo", nargs="*", help="the words after `cargo`")
    options = parser.parse_args()
    first = [["build", "--locked", "--bin", "stackctl"], ["build", "--locked", "--bin", "bootstrap"]]
    command = [options.cargo] if options.cargo else first
    show(*measured(command), options.rows, options.markdown)


if __name__ == "__main__":
    if LOG in os.environ:
        sys.exit(wrapped(sys.argv[1:]))
    main()
