#!/usr/bin/env python3
"""Makes the npm packages: one for each platform with the program, and `stackctl`, which starts the one of this machine.

    npm.py --binary TARGET=FILE [--binary TARGET=FILE …]

npm installs an optional dependency only where `os` and `cpu` fit, so nothing runs at installation and nothing else is
fetched.
"""

import argparse
import json
import shutil
from pathlib import Path

from common import LICENSE, ROOT, SUMMARY, TARGETS, VERSION

START = """#!/usr/bin/env node
"use strict";
// Starts the program of this machine's package with the same arguments, and ends as it ends.
const { spawn } = require("node:child_process");

const name = `@stackctl/${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/stackctl`);
} catch {
  console.error(`error: stackctl has no program for ${process.platform} on ${process.arch}, or npm was told to omit optional`);
  console.error(`dependencies. Run \\`npm install ${name}\\`, or install stackctl in another way.`);
  process.exit(4);
}
const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// A terminal sends Ctrl-C to the program, too, and the program decides what it means: sent on, it would count twice.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: ${program} does not start: ${error.message}`);
  process.exit(4);
});
child.on("exit", (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)));
"""


def package(folder: Path, manifest: dict):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    common = {"version": VERSION, "license": LICENSE, "description": SUMMARY}
    (folder / "package.json").write_text(json.dumps({"name": manifest.pop("name"), **common, **manifest}, indent=2) + "\n")
    for name in ["LICENSE-MIT", "LICENSE-APACHE"]:
        shutil.copy(ROOT / name, folder)
    print(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", action="append", required=True, metavar="TARGET=FILE")
    parser.add_argument("--out", type=Path, default=ROOT / "target" / "packages" / "npm")
    options = parser.parse_args()
    optional = {}
    for pair in options.binary:
        target, _, binary = pair.partition("=")
        system, cpu, _ = TARGETS[target]
        name = f"@stackctl/{system}-{cpu}"
        libc = {"libc": ["glibc"]} if system == "linux" else {}
        folder = options.out / f"{system}-{cpu}"
        package(folder, {"name": name, "os": [system], "cpu": [cpu], **libc, "files": ["bin"]})
        program = folder / "bin" / "stackctl"
        shutil.copy(binary, program)
        program.chmod(0o755)
        optional[name] = VERSION
    folder = options.out / "stackctl"
    package(folder, {
        "name": "stackctl", "bin": {"stackctl": "bin/stackctl.js"}, "files": ["bin"],
        "engines": {"node": ">=18"}, "optionalDependencies": optional,
    })
    start = folder / "bin" / "stackctl.js"
    start.write_text(START)
    start.chmod(0o755)


if __name__ == "__main__":
    main()
