#!/usr/bin/env python3
"""Makes the archive of a release: `archive.py TARGET BINARY`. The same program gives the same bytes."""

import gzip
import io
import sys
import tarfile
from pathlib import Path

from common import DATE, ROOT, TARGETS

target, binary = sys.argv[1], Path(sys.argv[2])
assert target in TARGETS, target
out = ROOT / "target" / "packages" / f"stackctl-{target}.tar.gz"
out.parent.mkdir(parents=True, exist_ok=True)
held = io.BytesIO()
with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
    for path, name, mode in [
        (binary, "stackctl", 0o755),
        (ROOT / "README.md", "README.md", 0o644),
        (ROOT / "LICENSE-MIT", "LICENSE-MIT", 0o644),
        (ROOT / "LICENSE-APACHE", "LICENSE-APACHE", 0o644),
    ]:
        entry = tarfile.TarInfo(name)
        data = path.read_bytes()
        entry.size, entry.mode, entry.mtime = len(data), mode, DATE
        archive.addfile(entry, io.BytesIO(data))
out.write_bytes(gzip.compress(held.getvalue(), mtime=DATE))
print(out)
