"""The gate of the local cloud: it starts the emulator, decides which requests reach it, and saves what they changed.

Run as `python -I gate.py KEY_FILE`. The emulator takes the keys `test`, any twelve digits and no key at all for the
account's root and checks no signature of theirs, so no request with such a key may come through. What passes:

    Host is a loopback name       else nothing passes: a page that rebinds its own name to 127.0.0.1 sends that name
    an API or a function URL      from everybody, as on AWS, unless the request carries AWS credentials
    the login page of a pool      the same, with what pages and APIs read of its keys and tokens
    a request of a web page       nothing else (Origin, Sec-Fetch-*)
    everything else               signed with this installation's key, or with one that the emulator has issued
    its own control paths         signed with this installation's key, as nothing else asks what the caller may do
    where a distribution is       from everybody who is no web page: the port of `sites.py` that stands for it
"""

import asyncio
import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import logging
import os
import re
import secrets
import signal
import socket
import socketserver
import sys
import types
from urllib.parse import parse_qs, quote

from ministack.core import lambda_runtime

# The emulator derives the keys of a function's role session from names that everybody can guess.
_SALT = secrets.token_bytes(32)
lambda_runtime.hashlib = types.SimpleNamespace(
    sha256=lambda data: hashlib.blake2b(data, key=_SALT, digest_size=32)
)

from ministack import app as emulator  # noqa: E402
from ministack.core import iam_actions, iam_evaluator, persistence, responses, router, sigv4  # noqa: E402
from ministack.services import lambda_svc  # noqa: E402

# The folder of the local cloud, which is its owner's alone, holds this file and the one beside it.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
import sites  # noqa: E402
from sites import LONGEST_BODY, LOOPBACK  # noqa: E402

# Where a distribution is, by its id.
SITE = re.compile(r"/_stackctl/sites/([A-Z0-9]+)")
# The emulator's own paths: no service of AWS has one that begins like that, API Gateway's and Lambda's URLs aside.
CONTROL = re.compile(r"/(_(?!aws/)|health$)")

# A request may be signed this long before or after it is looked at; a presigned one at most a week.
LATITUDE = datetime.timedelta(minutes=15)
WEEK = 7 * 24 * 3600

# The keys of a user pool, which everybody may read.
KEYS = re.compile(r"/[\w-]+_[0-9A-Za-z]+/\.well-known/(jwks\.json|openid-configuration)")
# The way of a page to the tokens of a user pool.
LOGIN = {
    "GET": re.compile(r"/(oauth2/(authorize|userInfo)|logout)"),
    "POST": re.compile(r"/(oauth2/(login|token)|login)"),
}
LOGIN["OPTIONS"] = LOGIN["POST"]

# The emulator's own name for the account's root.
ROOT = "test"

# What changes nothing that has to be saved at once, by the names that AWS gives its operations.
READS = re.compile(r"(AssumeRole|BatchGet|Describe|Filter|Get|Head|Invoke|List|Lookup|Query|Scan|Simulate|StartLiveTail)")
# Where the emulator keeps what a service changes; of any other service, all of it is saved.
KEPT = {
    "apigateway": ("apigateway",),
    "cloudfront": ("cloudfront",),
    "dynamodb": ("dynamodb",),
    "iam": ("iam",),
    "lambda": ("lambda", "cloudwatch_logs"),
    "logs": ("cloudwatch_logs",),
    "s3": ("s3",),
}
# Where a request on its way keeps the names of its service and operation.
OPERATION = "stackctl.operation"
# A change is saved this long after it, in seconds, together with those that came meanwhile.
SOON = 1.0
# The part of its time that the emulator spends on saving, at most.
SHARE = 0.05


class Refused(Exception):
    """Why a request does not pass."""

    def __init__(self, why, status=403):
        super().__init__(why)
        self.status = status


class Keeper:
    """Saves what was changed, so that a crash loses seconds: by itself, the emulator saves at its end alone.

    A copy of the process writes, as it was at one moment, while the emulator goes on.
    """

    def __init__(self):
        self.changed, self.timer, self.copy, self.rests_until = set(), None, None, 0.0

    def note(self, method, service, operation):
        """A request has been answered that may have changed something."""
        if method not in ("GET", "HEAD") and not READS.match(operation):
            self.changed.add(service)
            self.plan()

    def plan(self):
        if self.changed and self.timer is None and self.copy is None:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_at(max(loop.time() + SOON, self.rests_until), self.save)

    def save(self):
        self.timer, changed = None, self.changed
        self.changed = set()
        states = emulator._build_persistence_save_dict()
        if changed <= KEPT.keys():
            wanted = {name for service in changed for name in KEPT[service]}
            states = {name: state for name, state in states.items() if name in wanted}
        self.copy = os.fork()
        if self.copy == 0:
            try:
                # The port is free as soon as the emulator itself has ended.
                os.closerange(3, 65536)
                # A thread that is not in the copy may have held what a log needs.
                logging.disable()
                persistence.save_all(states)
            finally:
                os._exit(0)
        loop = asyncio.get_running_loop()
        begin = loop.time()

        def ended(_):
            self.copy, self.rests_until = None, begin + (loop.time() - begin) / SHARE
            self.plan()

        loop.run_in_executor(None, os.waitpid, self.copy, 0).add_done_callback(ended)

    def stop(self):
        """Writes no more: the emulator itself saves everything at its end."""
        if self.timer is not None:
            self.timer.cancel()
        if self.copy is not None:
            os.kill(self.copy, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.copy, 0)


class Gate:
    """The emulator's application, for those who may use it."""

    def __init__(self, application, key, listeners):
        self.application, self.id, self.secret = application, key["id"], key["secret"]
        self.keeper, self.sites = Keeper(), listeners

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return await self.application(scope, self.until_the_end(receive), self.from_the_beginning(send))
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        try:
            scope, receive = await self.admit(scope, receive, send)
        except Refused as why:
            return await refuse(scope, send, why)
        if scope is None:
            return None
        await self.application(scope, receive, send)
        if OPERATION in scope:
            self.keeper.note(scope["method"], *scope[OPERATION])
            if scope[OPERATION][0] == "cloudfront":
                self.sites.sync()

    def from_the_beginning(self, send):
        async def told(message):
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                self.sites.sync()

        return told

    def until_the_end(self, receive):
        async def next_message():
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.keeper.stop()
                self.sites.close()
            return message

        return next_message

    async def admit(self, scope, receive, send):
        """The request as the emulator gets it; no scope when the client is gone."""
        names = [name for name, _ in scope["headers"]]
        headers = {name.decode("latin-1"): sigv4.decode_header_value(value) for name, value in scope["headers"]}
        if names.count(b"host") != 1 or not LOOPBACK.fullmatch(headers["host"]):
            raise Refused("the local cloud answers to 127.0.0.1 and localhost only")
        if names.count(b"authorization") > 1:
            # The emulator reads them as one text, and what is read here may be another one.
            raise Refused("it is not signed once")
        query = parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)
        signer = router.extract_access_key_id(headers, query)
        if not signer and scope["method"] == "GET" and KEYS.fullmatch(scope["path"]):
            return bare(scope), once(b"", receive)
        if not signer and is_public(scope["method"], scope["path"]):
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > LONGEST_BODY:
                raise Refused("its body is longer than an API takes", 413)
            return scope, limited(receive)
        if any(name == b"origin" or name.startswith(b"sec-fetch-") for name in names):
            raise Refused("a web page reaches nothing of the local cloud but its APIs")
        site = SITE.fullmatch(scope["path"])
        if site and not signer and scope["method"] == "GET":
            url = self.sites.url(site[1])
            await tell(send, 200 if url else 404, {"url": url})
            return None, None
        if names.count(b"authorization") + ("X-Amz-Credential" in query) != 1:
            raise Refused("it is not signed once")
        presigned = b"authorization" not in names
        signature = sigv4.parse_query_signature(query) if presigned else sigv4.parse_header_signature(headers)
        if isinstance(signature, tuple):
            raise Refused(signature[1])
        if signature.access_key_id != signer:
            raise Refused("it names more than one key")
        secret = self.secret_of(signature.access_key_id, query if presigned else headers)
        check_time(signature, query if presigned else None)
        is_root = signature.access_key_id == self.id
        if CONTROL.match(scope["path"]) and not is_root:
            raise Refused("only the key of this installation may command the local cloud itself")
        if not is_root and emulator._is_ecr_registry_path(scope["path"]):
            raise Refused("the emulator checks no rights there")
        body = await read(receive)
        if body is None:
            return None, None
        target = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
        check_extent(signature, target, names, headers, body)
        if not is_root:
            check_meaning(signature, scope["method"], scope["path"], query, headers, body)
        wrong = sigv4.header_signature_failure(
            signature, secret, scope["method"], target, query, headers, body, presigned=presigned
        )
        if wrong:
            raise Refused(wrong[1])
        if is_root:
            scope = as_root(scope, signature)
        operation = signature.service, operation_of(scope["path"], headers, body)
        return {**scope, OPERATION: operation}, once(body, receive)

    def secret_of(self, key, carrier):
        """The secret that belongs to a key: the installation's, or one that the emulator has issued and remembers."""
        if key == self.id:
            return self.secret
        unknown = "it is signed with a key that is not of this local cloud"
        if iam_evaluator.is_root_access_key(key):
            raise Refused(unknown)
        token = carrier.get("x-amz-security-token", carrier.get("X-Amz-Security-Token", ""))
        token = token[0] if isinstance(token, list) else token
        try:
            account = iam_evaluator.find_iam_access_key_account(key) or responses.get_account_id()
            found = iam_evaluator.resolve_credential(key, account, token)
        except iam_evaluator.AmbiguousAccessKeyError:
            raise Refused(unknown) from None
        if not isinstance(found, iam_evaluator.ResolvedCredential) or not found.secret_access_key:
            raise Refused(unknown)
        return found.secret_access_key


def operation_of(path, headers, body):
    """The name that AWS gives to what is asked for; empty where the method says enough."""
    if path.endswith("/invocations"):
        return "Invoke"
    if "x-amz-target" in headers:
        return headers["x-amz-target"].rpartition(".")[2]
    action = re.search(rb"(?:^|&)Action=([A-Za-z]+)", body) if is_form(headers) else None
    return action[1].decode() if action else ""


def is_form(headers):
    return "x-www-form-urlencoded" in headers.get("content-type", "")


def is_public(method, path):
    """Whether a path belongs to an API or a function URL, by the emulator's own reading of it, or to a login page."""
    if method in LOGIN and LOGIN[method].fullmatch(path):
        return True
    if path.startswith("/_aws/execute-api/"):
        return emulator._parse_execute_api_url("", path) is not None and "/@connections" not in path
    return path.startswith("/_aws/lambda-url/") and emulator._parse_lambda_url("", path) is not None


def check_time(signature, query):
    """Refuses what was signed at another time; `query` is that of a presigned request."""
    try:
        signed = datetime.datetime.strptime(signature.amz_date, "%Y%m%dT%H%M%SZ")
        signed = signed.replace(tzinfo=datetime.timezone.utc)
        seconds = int(query["X-Amz-Expires"][0]) if query else 0
    except (ValueError, KeyError):
        raise Refused("it does not say when it was signed") from None
    valid = datetime.timedelta(seconds=max(0, min(seconds, WEEK))) if query else LATITUDE
    now = datetime.datetime.now(datetime.timezone.utc)
    if not now - valid <= signed <= now + LATITUDE:
        raise Refused("its signature has expired, or is not valid yet")


def check_extent(signature, target, names, headers, body):
    """Refuses what a signature leaves open, as AWS does: one that was seen, or given away, is good for one request.

    The emulator chooses the operation by `X-Amz-Target`, and takes the digest that a header states for the body's.
    """
    signed = signature.signed_headers.split(";")
    for name in {b"host", *(name for name in names if name.startswith(b"x-amz-"))} - {b"x-amz-user-agent"}:
        if name.decode("latin-1") not in signed or names.count(name) != 1:
            raise Refused(f"its signature does not cover the header `{name.decode('latin-1')}`")
    is_s3 = signature.service == "s3"
    if not is_s3 and any(part in (".", "..") for part in target.split("/")):
        raise Refused("its path leads elsewhere than the one that is signed")
    digest = headers.get("x-amz-content-sha256")
    # The body of an object may be signed by pieces, or not at all.
    is_open = digest is None or is_s3 and (digest == sigv4.UNSIGNED_PAYLOAD or digest.startswith("STREAMING-"))
    if not is_open and digest != hashlib.sha256(body).hexdigest():
        raise Refused("its body is not the one that is signed")


def check_meaning(signature, method, path, query, headers, body):
    """Refuses what the emulator would judge as one request and carry out as another: the rights of a role end there.

    It reads an operation from `Action` first and carries out `X-Amz-Target`, or what the path says; it judges a body
    before it has unpacked it; and where it finds no right that an operation takes, it carries it out for everybody.
    """
    form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True) if is_form(headers) else {}
    target = headers.get("x-amz-target")
    actions = query.get("Action", []) + form.get("Action", [])
    by_path = path != "/" and signature.service != "sqs"
    if len(actions) > 1 or actions and (by_path or target is not None):
        raise Refused("it names more than one operation")
    if target is not None and (method != "POST" or path != "/" or query or is_form(headers)):
        raise Refused("it names more than one operation")
    if form.keys() & query.keys():
        raise Refused("it names a parameter twice")
    if path.startswith("/_aws/"):
        return
    parameters = emulator._routing_params(method, path, headers, body, query)
    service = router.detect_service(method, path, headers, parameters)
    if (service == "s3") != (signature.service == "s3"):
        raise Refused("it is signed for another service than the emulator takes it for")
    if service != "s3" and "content-encoding" in headers:
        raise Refused("its body is packed")
    if service == "dynamodb":
        check_tables(operation_of(path, headers, body), body)
    if iam_actions.extract_iam_action(service, method, path, headers, body, parameters) is None:
        raise Refused("the emulator knows no right that it takes")


# By which members DynamoDB's operations name tables.
TABLES = ("TableName", "TableArn", "SourceTableName", "SourceTableArn", "GlobalTableName", "RequestItems", "ResourceArn")
TABLES += ("Statement", "Statements", "TransactItems", "TransactStatements", "BackupArn", "ExportArn", "ImportArn")
# What concerns every table.
OF_ALL = {"ListTables", "ListGlobalTables", "DescribeLimits", "DescribeEndpoints"}


def check_tables(operation, body):
    """Refuses a request that names its tables twice: the emulator asks for the rights on `TableName`, whatever it does."""
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Refused("its body is no JSON", 400) from None
    named = [name for name in TABLES if isinstance(document, dict) and name in document]
    if len(named) > 1 or named and operation in OF_ALL:
        raise Refused("it names its tables twice")


def as_root(scope, signature):
    """The request as one of the account's root, which the emulator does not check again."""
    scoped = f"{ROOT}/{signature.date_stamp}/{signature.region}/{signature.service}/aws4_request"
    value = f"AWS4-HMAC-SHA256 Credential={scoped}, SignedHeaders=host, Signature=checked"
    headers = [(name, text) for name, text in scope["headers"] if name != b"authorization"]
    pairs = scope["query_string"].split(b"&")
    query = b"&".join(pair for pair in pairs if not pair.lower().startswith(b"x-amz-"))
    presigned = b"authorization" not in (name for name, _ in scope["headers"])
    return {
        **scope,
        "headers": [*headers, (b"authorization", value.encode())],
        "query_string": query if presigned else scope["query_string"],
    }


async def tell(send, status, document):
    body = json.dumps(document).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def bare(scope):
    """The request with nothing but its path: the emulator chooses a service by headers and query before it looks at it."""
    headers = [(name, value) for name, value in scope["headers"] if name in (b"host", b"origin", b"accept")]
    return {**scope, "headers": headers, "query_string": b""}


async def read(receive):
    """The whole body; none when the client is gone."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def limited(receive):
    """What comes, until it is more than an API takes: then it is as if the client had gone."""
    left = LONGEST_BODY

    async def next_message():
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return next_message


def once(body, receive):
    """Hands out a body that was read already, and afterwards what comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message():
        return waiting.pop() if waiting else await receive()

    return next_message


async def refuse(scope, send, why):
    """An answer in which every AWS SDK finds a code and the reason."""
    code = "UnrecognizedClientException"
    hint = " `stackctl local env` prints its key." if why.status == 403 else ""
    status, why = why.status, f"The local cloud refuses this request: {why}.{hint}"
    headers = {name: value for name, value in scope["headers"]}
    is_form = headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded")
    if is_form or b"Action=" in scope["query_string"]:
        text = why.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        kind, body = b"text/xml", f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
    else:
        kind, body = b"application/json", json.dumps({"__type": code, "message": why})
    body = body.encode()
    head = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", code.encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def guard_runtimes():
    """Lets only the user's own processes, and no web page, speak with the servers from which functions get events."""
    parse = http.server.BaseHTTPRequestHandler.parse_request

    def parse_request(self):
        if not parse(self):
            return False
        names = [name.lower() for name in self.headers.keys()]
        by_page = any(name == "origin" or name.startswith("sec-fetch-") for name in names)
        if by_page or not LOOPBACK.fullmatch(self.headers.get("host", "localhost")):
            self.close_connection = True
            self.send_error(403)
            return False
        return True

    http.server.BaseHTTPRequestHandler.parse_request = parse_request
    socketserver.BaseServer.verify_request = lambda server, request, client: is_ours(request)


def is_ours(connection):
    """Whether a process of this user has the other end of a connection, where the system says so (Linux).

    Only while it has it: an end that was closed already belongs to nobody.
    """
    def written(address):
        return socket.inet_aton(address[0])[::-1].hex().upper() + f":{address[1]:04X}"

    known = False
    ends = written(connection.getpeername()), written(connection.getsockname())
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                for line in lines:
                    known = True
                    field = line.split()
                    if field[1].endswith(ends[0]) and field[2].endswith(ends[1]) and field[3] == "01":
                        return int(field[7]) == os.getuid()
        except FileNotFoundError:
            pass
    return not known


def guard_routes():
    """Keeps a route that wants a signature from those who have none: to the emulator, any other `Authorization` is one."""
    enforce = emulator._enforce_execute_api

    def enforced(api, stage, method, path, headers, *rest, **more):
        signed = headers.get("authorization", "AWS4-").startswith("AWS4-")
        if not signed and emulator._execute_api_authorization_type(api, stage, method, path) == "AWS_IAM":
            return 403, {"Content-Type": "application/json"}, json.dumps({"message": "Forbidden"}).encode()
        return enforce(api, stage, method, path, headers, *rest, **more)

    emulator._enforce_execute_api = enforced


def name_rights():
    """Names the rights that operations of Lambda take, where the emulator knows none."""
    known = iam_actions._lambda_action
    mapping = re.compile(r"/2015-03-31/event-source-mappings/[^/]+/?")

    def action(method, path):
        if path.endswith("/response-streaming-invocations"):
            return "InvokeFunction"
        changes = {"PUT": "UpdateEventSourceMapping", "DELETE": "DeleteEventSourceMapping"}
        if method in changes and mapping.fullmatch(path):
            return changes[method]
        return known(method, path)

    iam_actions._lambda_action = action


def tell_of_failures():
    """Puts what ended a function into its log, where AWS puts it."""
    run = lambda_svc._execute_function_provided_warm

    def told(func, event, request_id):
        result = run(func, event, request_id)
        body = result.get("body") if isinstance(result, dict) and result.get("error") else None
        kind = body.get("errorType", "") if isinstance(body, dict) else ""
        if kind in ("Sandbox.Timedout", "Runtime.ExitError"):
            now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
            line = f"{now}Z {request_id} {body.get('errorMessage', kind)}"
            result["log"] = "\n".join(filter(None, [result.get("log"), line]))
        return result

    lambda_svc._execute_function_provided_warm = told


def main():
    os.umask(0o077)
    with open(sys.argv[1], encoding="utf-8") as file:
        key = json.load(file)
    guard_runtimes()
    guard_routes()
    name_rights()
    tell_of_failures()
    folder = os.path.dirname(os.path.abspath(sys.argv[1]))
    listeners = sites.Sites(folder, lambda: emulator._get_module("cloudfront"))
    emulator.app = Gate(emulator.app, key, listeners)
    sys.argv = ["ministack"]
    emulator.main()


if __name__ == "__main__":
    main()
