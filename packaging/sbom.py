#!/usr/bin/env python3
"""Prints what a build of stackctl is made of, as CycloneDX 1.5: every crate with its licence and sum, and the pinned packages
of the local cloud.

    sbom.py TARGET > stackctl-TARGET.cdx.json
"""

import json
import re
import subprocess
import sys

from common import LICENSE, REQUIREMENTS, ROOT, VERSION

target = sys.argv[1]
words = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
metadata = json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout)
locked = re.compile(r'name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"')
sums = {(name, version): digest for name, version, digest in locked.findall((ROOT / "Cargo.lock").read_text())}
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}


def shipped(root):
    """Everything that ends up in the program: no dependencies of tests or build scripts."""
    found, left = set(), [root]
    while left:
        node = left.pop()
        if node in found:
            continue
        found.add(node)
        for dependency in nodes[node]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return found


root = next(package["id"] for package in metadata["packages"] if package["name"] == "stackctl")
components = []
for name, version, licence in sorted(
    (packages[node]["name"], packages[node]["version"], packages[node]["license"] or LICENSE) for node in shipped(root)
):
    component = {"type": "library", "name": name, "version": version, "purl": f"pkg:cargo/{name}@{version}",
                 "licenses": [{"expression": licence.replace("/", " OR ")}]}
    if digest := sums.get((name, version)):
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    components.append(component)
for name, version in re.findall(r"^([\w-]+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE):
    components.append({"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}",
                       "scope": "optional"})
print(json.dumps({
    "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
    "metadata": {"component": {"type": "application", "name": "stackctl", "version": VERSION,
                               "licenses": [{"expression": LICENSE}]}},
    "components": components,
}, indent=1))
