"""The listeners of the local cloud: a port of this machine for each distribution, where a browser meets it as a viewer does.

What passes, on a port of its own:

    Host is a loopback name       else nothing: a page that rebinds its own name to 127.0.0.1 sends that name
    the distribution is enabled   and everything is for it alone: no path leads to the emulator itself

The distribution decides the rest: its behaviors, its function, its origins and the policy of the bucket behind it.
"""

import asyncio
import contextlib
import json
import logging
import os
import re
import socket
from urllib.parse import parse_qs

from hypercorn.asyncio import serve
from hypercorn.config import Config

LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)

# The longest body that an HTTP API takes; from those who have no key, no more than that is kept in memory.
LONGEST_BODY = 10 << 20

# What a browser would remember of this machine's ports, or what is of one connection alone.
DROPPED = {"strict-transport-security", "connection", "transfer-encoding", "content-length", "keep-alive"}


class Sites:
    """The listeners that there are, and their ports, which stay the same as long as they are free."""

    def __init__(self, folder, cloudfront):
        self.file, self.cloudfront = os.path.join(folder, "sites.json"), cloudfront
        self.open = {}
        try:
            with open(self.file, encoding="utf-8") as file:
                self.ports = json.load(file)
        except (OSError, ValueError):
            self.ports = {}

    def distributions(self):
        return {one["Id"]: one for one in self.cloudfront()._distributions.values()}

    def url(self, name):
        """Where a distribution is; none when there is no such one."""
        self.sync()
        return f"http://127.0.0.1:{self.open[name][0]}" if name in self.open else None

    def sync(self):
        """Opens a listener for each distribution that has none, and closes those of distributions that are gone."""
        there = self.distributions()
        for name in [name for name in self.open if name not in there]:
            self.open.pop(name)[1].set()
            self.ports.pop(name, None)
        for name in [name for name in there if name not in self.open]:
            self.listen(name)
        if {name: port for name, (port, _) in self.open.items()} != self.ports:
            self.ports = {name: port for name, (port, _) in self.open.items()}
            self.write()

    def listen(self, name):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.ports.get(name, 0)))
        except OSError:
            listener.bind(("127.0.0.1", 0))
        config, end = Config(), asyncio.Event()
        config.bind, config.keep_alive_timeout, config.loglevel = [f"fd://{listener.fileno()}"], 75, "WARNING"
        config.accesslog = None
        port = listener.getsockname()[1]
        self.open[name] = port, end
        listener.detach()
        task = asyncio.get_running_loop().create_task(serve(Viewer(self, name), config, shutdown_trigger=end.wait))
        # A task that nothing refers to may be collected.
        task.add_done_callback(lambda ended, kept=task: ended.cancelled() or ended.exception())

    def write(self):
        with contextlib.suppress(OSError):
            beside = f"{self.file}.new"
            with open(beside, "w", encoding="utf-8") as file:
                json.dump(self.ports, file)
            os.replace(beside, self.file)

    def close(self):
        for _, end in self.open.values():
            end.set()


class Viewer:
    """One distribution, as its viewers meet it."""

    def __init__(self, sites, name):
        self.sites, self.name = sites, name

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await lifespan(receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        try:
            status, headers, body = await self.answer(scope, receive)
        except Exception:
            logging.getLogger("stackctl").exception("distribution %s", self.name)
            status, headers, body = 502, {"content-type": "text/plain"}, b"The distribution could not answer."
        if status is None:
            return None
        body = body.encode() if isinstance(body, str) else body or b""
        length = str(len(body)).encode()
        if scope["method"] == "HEAD":
            told = [value for name, value in headers.items() if name.lower() == "content-length"]
            length, body = (str(told[0]).encode() if told else length), b""
        await send({"type": "http.response.start", "status": status, "headers": [*self.told(headers), (b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    async def answer(self, scope, receive):
        names = [name for name, _ in scope["headers"]]
        headers = {}
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            headers[key] = f"{headers[key]}{'; ' if key == 'cookie' else ', '}{text}" if key in headers else text
        if names.count(b"host") != 1 or not LOOPBACK.fullmatch(headers["host"]):
            return 403, {"content-type": "text/plain"}, b"This site answers to 127.0.0.1 and localhost only."
        distribution = self.sites.distributions().get(self.name)
        if distribution is None or not distribution["enabled"]:
            return 403, {"content-type": "text/plain"}, b"The distribution is disabled."
        body = await whole(receive)
        if body is None:
            return None, None, None
        if len(body) > LONGEST_BODY:
            return 413, {"content-type": "text/plain"}, b"The body is longer than an API takes."
        query = scope["query_string"].decode("utf-8", "replace")
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        # Viewers are redirected to HTTPS, which nothing here speaks: it is as if they had come by it.
        headers = {**headers, "host": distribution["DomainName"], "x-forwarded-proto": "https"}
        return await self.sites.cloudfront().handle_viewer_request(
            distribution, scope["method"], scope["path"], raw, query, headers, body, parse_qs(query, keep_blank_values=True)
        )

    def told(self, headers):
        own = re.compile(r"https?://[a-z0-9]+\.cloudfront\.net")
        for name, value in headers.items():
            for text in value if isinstance(value, list) else [value]:
                if name.lower() == "location":
                    text = own.sub("", str(text)) or "/"
                if name.lower() not in DROPPED:
                    yield name.lower().encode("latin-1"), str(text).encode("latin-1", "replace")


async def lifespan(receive, send):
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def whole(receive):
    """The whole body, or a little more than is taken; none when the client is gone."""
    parts, length, more = [], 0, True
    while more and length <= LONGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)
