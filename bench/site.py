#!/usr/bin/env python3
"""Uploads a page to the local cloud with `stackctl deploy --site` and with `aws s3 sync`, in turns.

    cargo build --release && stackctl build
    pip install awscli
    python3 bench/site.py target/release/stackctl bootstrap.zip [--files 2000] [--bytes 20000] [--rounds 3]

It prints, for each, the median of the seconds and of the processor time, and the highest memory; then the ratio of
uploaded files a second, and what a run does that continues one which was killed half-way.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUCKET = "bench-site-123456789012-us-east-1-an"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cloud:
    """A local cloud in a folder of its own, which ends with this program."""

    def __init__(self, stackctl, root):
        self.stackctl, self.folder = stackctl, root / "cloud"
        self.port = free_port()
        self.env = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self.env |= {"STACKCTL_LOCAL_DIR": str(self.folder), "STACKCTL_LOCAL_PORT": str(self.port), "AWS_REGION": "us-east-1"}
        self.env |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_CONFIG_FILE": "/dev/null"}

    def __enter__(self):
        subprocess.run([self.stackctl, "local", "start"], env=self.env, check=True, stdout=sys.stderr)
        key = json.loads((self.folder / "key.json").read_text())
        self.env |= {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"]}
        return self

    def __exit__(self, *_):
        subprocess.run([self.stackctl, "local", "stop"], env=self.env, stdout=sys.stderr)


def measured(words, cwd, env, until=None):
    """Seconds, processor seconds and bytes of memory of a command; `until` may kill it."""
    since = time.perf_counter()
    process = subprocess.Popen(words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if until:
        until(process)
    told = process.stdout.read() + process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"{words} ended with {process.returncode}: {told.decode()}")
    return time.perf_counter() - since, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def page(folder, files, size, seed):
    """A page whose files no release before it has."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "assets").mkdir(parents=True)
    random.seed(seed)
    text = random.randbytes(size)
    for number in range(files - 1):
        (folder / f"assets/f-{seed:04d}{number:06d}.bin").write_bytes(text + str(number).encode())
    (folder / "index.html").write_text(f"<title>{seed}</title>")


def there(cloud):
    words = ["aws", "s3api", "list-objects-v2", "--bucket", BUCKET, "--prefix", "site/assets/", "--query", "length(Contents || `[]`)"]
    return int(subprocess.run(words, env=cloud.env, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stackctl", type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("artifact", type=lambda text: str(pathlib.Path(text).resolve()))
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--bytes", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--handler", default=str(pathlib.Path(__file__).resolve().parent.parent / "handler"))
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        project = root / "project"
        project.mkdir()
        (project / "handler").symlink_to(wanted.handler)
        (project / "stack.toml").write_text('name = "bench"\n[site]\ndirectory = "dist"\n')
        page(project / "dist", 1, 0, 0)
        with Cloud(wanted.stackctl, root) as cloud:
            up = [wanted.stackctl, "up", "--artifact", wanted.artifact, "--yes"]
            measured(up, project, cloud.env)
            subprocess.run(["aws", "s3api", "create-bucket", "--bucket", "peer"], env=cloud.env, check=True, stdout=sys.stderr)
            deploy = [wanted.stackctl, "deploy", "--site"]
            peers = {"stackctl deploy --site": deploy, "aws s3 sync": ["aws", "s3", "sync", "dist", "s3://peer", "--only-show-errors"]}
            found = {name: [] for name in peers}
            for turn in range(wanted.rounds):
                page(project / "dist", wanted.files, wanted.bytes, turn + 1)
                for name, words in peers.items() if turn % 2 == 0 else reversed(peers.items()):
                    found[name].append(measured(words, project, cloud.env))
            print(f"{wanted.files} files of {wanted.bytes} bytes, {wanted.rounds} rounds")
            rates = {}
            for name, runs in found.items():
                seconds, processor = (statistics.median(run[at] for run in runs) for at in (0, 1))
                memory = max(run[2] for run in runs)
                rates[name] = wanted.files / seconds
                print(f"{name:24} {seconds:7.2f} s {processor:7.2f} s of processor {memory / 1e6:6.0f} MB {rates[name]:6.0f} files/s")
            first, second = rates.values()
            print(f"ratio of files a second: {first / second:.2f}")
            resumed(wanted, cloud, project, deploy)


def resumed(wanted, cloud, project, deploy):
    """A run that is killed half-way, and the one after it."""
    seed = wanted.rounds + 1
    page(project / "dist", wanted.files, wanted.bytes, seed)
    before = there(cloud)

    def half(process):
        while there(cloud) - before < wanted.files // 2 and process.poll() is None:
            pass
        process.kill()

    measured(deploy, project, cloud.env, half)
    left = wanted.files - 1 - (there(cloud) - before)
    seconds, processor, memory = measured(deploy, project, cloud.env)
    print(f"killed with {left} files to go; the next run: {seconds:.2f} s, {processor:.2f} s of processor, {memory / 1e6:.0f} MB")
    print(f"missing afterwards: {wanted.files - 1 - (there(cloud) - before)}")


main()
