"""The Hub's protocol on this machine: what huggingface_hub, datasets and their friends ask of huggingface.co, for data sets.

`with HubServer() as hub:` serves at `hub.endpoint` on a free port of 127.0.0.1, and `hub.environment()` makes a client talk to
it. Large files travel as there: through signed addresses of another host (here `localhost`), in one PUT or, above
`multipart_bytes`, in parts. Xet storage is not served: clients set HF_HUB_DISABLE_XET, which `environment` does.

What can be made to go wrong: `hub.fail(...)` answers requests with an error, cuts a connection in the middle of an upload, or
holds a request until `release`; `hub.before(...)` runs something before a request is answered, such as somebody else's commit.
"""

import base64
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import yaml
from hub_repos import FIRST_DATE, Commit, Entry, Repo, Repos, is_large

WRITER, READER = "hf_may_write", "hf_may_read"  # tokens; any other is refused
USER, ORGANISATIONS = "miller", ("miller", "mill")
CHUNK = 1 << 16
LICENSES = {"odc-by", "cc-by-4.0", "cc0-1.0", "apache-2.0", "mit", "other", "unknown", "cc-by-sa-4.0", "cc-by-nc-4.0"}
SIZES = re.compile(
    r"n<1K|1K<n<10K|10K<n<100K|100K<n<1M|1M<n<10M|10M<n<100M|100M<n<1B|1B<n<10B|10B<n<100B|100B<n<1T|n>1T"
)


class Answer(Exception):  # noqa: N818  how a request ends
    """Ends a request with a status, a JSON body and headers."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Answer:
    named = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return Answer(status, {"error": message}, named | headers)


@dataclass
class Fault:
    """The next `times` requests whose `METHOD path` matches `route`, after `skip` others, go wrong."""

    route: re.Pattern[str]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    skip: int = 0
    cut_after: int | None = None  # bytes of the body that are read before the connection is cut
    hold: bool = False
    lose_answer: bool = False  # what was asked is done, but nobody hears of it
    held: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


class HubServer(Repos):
    """A Hub; its repositories are attributes of `Repos`."""

    def __init__(self, *, multipart_bytes: int | None = None, part_bytes: int = 1 << 20, page: int = 1000) -> None:
        super().__init__()
        self.multipart_bytes, self.part_bytes, self.page = multipart_bytes, part_bytes, page
        self.requests: list[tuple[str, str, int]] = []  # method, path and status, in the order of answers
        self.unknown: list[str] = []
        self._faults: list[Fault] = []
        self._before: list[tuple[re.Pattern[str], Callable[[], None]]] = []
        hub = self

        class Handler(_Handler):
            server_hub = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> str:
        """The other host, which keeps large files."""
        return f"http://localhost:{self.port}"

    def environment(self, token: str | None = WRITER, home: str | None = None) -> dict[str, str]:
        """What makes a client of the Hub talk to this one, keeping its caches in `home`."""
        proxies = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        named = {"HF_ENDPOINT": self.endpoint, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"} | proxies
        return named | ({"HF_TOKEN": token} if token else {}) | ({"HF_HOME": home} if home else {})

    def fail(self, route: str, status: int = 0, headers: Mapping[str, str] | None = None, **how: Any) -> Fault:
        """Makes requests go wrong; `route` is an expression for `METHOD /path`."""
        fault = Fault(re.compile(route), status, dict(headers or {}), **how)
        self._faults.append(fault)
        return fault

    def before(self, route: str, action: Callable[[], None]) -> None:
        """Runs `action` once, before the next request that matches `route` is answered."""
        self._before.append((re.compile(route), action))

    def release(self) -> None:
        """Lets go of every request that is held, and forgets all faults."""
        for fault in self._faults:
            fault.go_on.set()
        self._faults.clear()

    def asked(self, route: str, status: int | None = None) -> int:
        """How many requests matched `route` (and were answered with `status`)."""
        pattern = re.compile(route)
        return sum(
            bool(pattern.search(f"{method} {path}")) and status in (None, answered)
            for method, path, answered in self.requests
        )

    def fault_of(self, line: str) -> Fault | None:
        with self.lock:
            for fault in self._faults:
                if fault.times and fault.route.search(line):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def run_before(self, line: str) -> None:
        with self.lock:
            due = [pair for pair in self._before if pair[0].search(line)]
            self._before = [pair for pair in self._before if pair not in due]
        for _, action in due:
            action()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_hub: HubServer
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.serve()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  names that http.server gives

    def serve(self) -> None:
        self.hub = self.server_hub
        split = urlsplit(self.path)
        self.route, self.query = split.path, parse_qs(split.query)
        line = f"{self.command} {self.route}"
        fault = self.hub.fault_of(line)
        try:
            self.body = self.receive(fault)
        except (ConnectionError, EOFError):
            self.close_connection = True
            return
        if fault and fault.hold:
            fault.held.set()
            fault.go_on.wait(60)
        if fault and fault.cut_after is not None:
            self.close_connection = True
            return
        try:
            if fault and fault.status:
                raise refusal(fault.status, "the test says so", **fault.headers)
            self.hub.run_before(line)
            with self.hub.lock:
                self.dispatch()
            raise AssertionError("a route ends with an Answer")
        except Answer as answer:
            if fault and fault.lose_answer:
                self.close_connection = True
                return
            self.reply(answer)

    def receive(self, fault: Fault | None) -> bytes:
        """The body; what of a large file arrives is counted even if the connection breaks."""
        data = io.BytesIO()
        limit = fault.cut_after if fault and fault.cut_after is not None else None
        for piece in self.pieces():
            data.write(piece)
            if upload := re.match(r"/lfs/upload/([0-9a-f]{64})", self.route):
                self.hub.received[upload[1]] += len(piece)
            if limit is not None and data.tell() >= limit:
                break
        return data.getvalue()

    def pieces(self) -> Any:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self.rfile.read1(min(left, CHUNK))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece

    def reply(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        if answer.body is None:
            body = b""
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))} | answer.headers
        self.hub.requests.append((self.command, self.route, answer.status))
        try:
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    # Who asks.

    def token(self) -> str | None:
        given = self.headers.get("Authorization")
        if given is None:
            return None
        token = given.removeprefix("Bearer ")
        if token not in (WRITER, READER):
            raise refusal(401, "Invalid credentials in Authorization header")
        return token

    def must_write(self, namespace: str) -> None:
        token = self.token()
        if token is None:
            raise refusal(401, "Invalid username or password.")
        if token != WRITER or namespace not in ORGANISATIONS:
            raise refusal(403, "You don't have the rights to write in this namespace")

    def repo(self, repo_id: str, *, write: bool = False) -> Repo:
        token = self.token()
        repo = self.hub.repos.get(repo_id)
        if repo is None or (repo.private and token is None):
            raise refusal(404 if token else 401, "Repository not found", "RepoNotFound")
        if write:
            self.must_write(repo_id.split("/", 1)[0])
        return repo

    def at(self, repo: Repo, revision: str) -> Commit:
        commit = repo.at(unquote(revision))
        if commit is None:
            raise refusal(404, f"Invalid rev id: {unquote(revision)}", "RevisionNotFound")
        return commit

    # What is asked.

    def dispatch(self) -> None:
        for pattern, name in ROUTES:
            if found := pattern.fullmatch(f"{self.command} {self.route}"):
                getattr(self, name)(*found.groups())
                return
        self.hub.unknown.append(f"{self.command} {self.route}")
        raise refusal(404, "Not found")

    def whoami(self) -> None:
        if (token := self.token()) is None:
            raise refusal(401, "Invalid username or password.")
        role = "write" if token == WRITER else "read"
        orgs = [{"name": name, "type": "org"} for name in ORGANISATIONS[1:]]
        raise Answer(
            200,
            {"type": "user", "name": USER, "orgs": orgs, "auth": {"accessToken": {"displayName": "t", "role": role}}},
        )

    def harnesses(self) -> None:
        """What the client may ask once a day, to say in its requests who drives it."""
        raise refusal(404, "Not found")

    def create(self) -> None:
        asked = json.loads(self.body)
        if asked.get("type") != "dataset":
            raise refusal(400, "only data sets are kept here")
        namespace = asked.get("organization") or USER
        repo_id = f"{namespace}/{asked['name']}"
        self.must_write(namespace)
        url = f"{self.hub.endpoint}/datasets/{repo_id}"
        if repo_id in self.hub.repos:
            raise Answer(409, {"error": "You already created this dataset repo", "url": url})
        private = asked.get("visibility", "public") == "private" or bool(asked.get("private"))
        self.hub.create(repo_id, private=private)
        raise Answer(200, {"url": url, "name": repo_id})

    def validate_yaml(self) -> None:
        asked = json.loads(self.body)
        errors = [{"message": message} for message in card_errors(asked["content"])]
        if errors and self.headers.get("Accept") == "text/plain":
            raise Answer(400, "\n".join(error["message"] for error in errors).encode(), {"Content-Type": "text/plain"})
        raise Answer(400 if errors else 200, {"errors": errors, "warnings": []})

    def info(self, repo_id: str, revision: str = "main") -> None:
        repo = self.repo(repo_id)
        commit = self.at(repo, revision)
        card = (
            front_matter(self.hub.content(commit.files["README.md"]).decode()) if "README.md" in commit.files else None
        )
        raise Answer(
            200,
            {
                "id": repo.id,
                "author": repo.id.split("/", 1)[0],
                "sha": commit.oid,
                "private": repo.private,
                "gated": False,
                "disabled": False,
                "lastModified": FIRST_DATE,
                "createdAt": FIRST_DATE,
                "tags": [],
                "downloads": 0,
                "likes": 0,
                "cardData": card,
                "siblings": [{"rfilename": path} for path in sorted(commit.files)],
            },
        )

    def refs(self, repo_id: str) -> None:
        repo = self.repo(repo_id)

        def listed(kind: str, named: Mapping[str, str]) -> list[dict[str, str]]:
            return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in named.items()]

        raise Answer(
            200, {"branches": listed("heads", repo.branches), "tags": listed("tags", repo.tags), "converts": []}
        )

    def commits(self, repo_id: str, revision: str) -> None:
        repo = self.repo(repo_id)
        self.at(repo, revision)
        raise Answer(
            200,
            [
                {
                    "id": each.oid,
                    "title": each.title,
                    "message": "",
                    "date": FIRST_DATE,
                    "authors": [{"user": each.author}],
                }
                for each in repo.history(unquote(revision))
            ],
        )

    def tree(self, repo_id: str, revision: str, path: str | None = None) -> None:
        commit = self.at(self.repo(repo_id), revision)
        folder = f"{unquote(path)}/" if path else ""
        recursive = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        below = [name for name in commit.files if name.startswith(folder)]
        if path and not below:
            raise refusal(404, f"{unquote(path)} does not exist on {revision}", "EntryNotFound")
        entries = folders_of(below, folder, recursive)
        entries += [told(name, commit.files[name]) for name in below if recursive or "/" not in name[len(folder) :]]
        entries.sort(key=lambda entry: entry["path"])
        start = int(self.query.get("cursor", ["0"])[0])
        headers = {}
        if start + self.hub.page < len(entries):
            rest = f"{self.hub.endpoint}{self.route}?recursive={recursive}&cursor={start + self.hub.page}"
            headers["Link"] = f'<{rest}>; rel="next"'
        raise Answer(200, entries[start : start + self.hub.page], headers)

    def paths_info(self, repo_id: str, revision: str) -> None:
        commit = self.at(self.repo(repo_id), revision)
        asked = (
            json.loads(self.body)["paths"]
            if "json" in self.headers.get("Content-Type", "")
            else parse_qs(self.body.decode()).get("paths", [])
        )
        found = [told(path, commit.files[path]) for path in asked if path in commit.files]
        parents = {path for path in asked if any(name.startswith(f"{path}/") for name in commit.files)}
        raise Answer(200, found + [folder(path) for path in sorted(parents)])

    def preupload(self, repo_id: str, revision: str) -> None:
        commit = self.at(self.repo(repo_id, write=True), revision)
        files = []
        for asked in json.loads(self.body)["files"]:
            there = commit.files.get(asked["path"])
            files.append(
                {
                    "path": asked["path"],
                    "uploadMode": "lfs" if is_large(asked["path"], asked["size"]) else "regular",
                    "shouldIgnore": False,
                    "oid": (there.sha256 or there.oid) if there else None,
                }
            )
        raise Answer(200, {"files": files})

    def lfs_batch(self, repo_id: str) -> None:
        self.repo(repo_id, write=True)
        asked = json.loads(self.body)
        if asked["operation"] != "upload" or asked["hash_algo"] != "sha256":
            raise refusal(422, "only uploads by SHA-256")
        objects = [self.lfs_object(repo_id, each["oid"], each["size"]) for each in asked["objects"]]
        raise Answer(200, {"transfer": "basic", "objects": objects})

    def lfs_object(self, repo_id: str, oid: str, size: int) -> dict[str, Any]:
        if oid in self.hub.large:
            return {"oid": oid, "size": size}
        verify = {"href": f"{self.hub.endpoint}/datasets/{repo_id}.git/info/lfs/objects/verify"}
        signature = signed(oid)
        place = f"{self.hub.storage}/lfs/upload/{oid}"
        upload: dict[str, Any] = {"href": f"{place}?signature={signature}"}
        if self.hub.multipart_bytes is not None and size > self.hub.multipart_bytes:
            numbers = range(1, -(-size // self.hub.part_bytes) + 1)
            upload = {
                "href": f"{self.hub.endpoint}/lfs/complete/{oid}?signature={signature}",
                "header": {"chunk_size": str(self.hub.part_bytes)}
                | {str(n): f"{place}/{n}?signature={signature}" for n in numbers},
            }
        return {"oid": oid, "size": size, "authenticated": True, "actions": {"upload": upload, "verify": verify}}

    def lfs_upload(self, oid: str, part: str | None) -> None:
        self.must_be_signed(oid)
        if self.headers.get("Transfer-Encoding"):
            raise refusal(501, "A header you provided implies functionality that is not implemented")  # as S3 does
        if part is None:
            self.keep(oid, self.body)
        else:
            self.hub.parts[oid, int(part)] = self.body
        raise Answer(200, None, {"ETag": f'"{hashlib.md5(self.body).hexdigest()}"'})

    def lfs_complete(self, oid: str) -> None:
        self.must_be_signed(oid)
        pieces = []
        for part in json.loads(self.body)["parts"]:
            piece = self.hub.parts.get((oid, part["partNumber"]), b"")
            if part["etag"].strip('"') != hashlib.md5(piece).hexdigest():
                raise refusal(400, f"part {part['partNumber']} is not what was sent")
            pieces.append(piece)
        self.keep(oid, b"".join(pieces))
        raise Answer(200, {"success": True})

    def keep(self, oid: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != oid:
            raise refusal(400, "The SHA256 you specified does not match the content")
        self.hub.large[oid] = data

    def must_be_signed(self, oid: str) -> None:
        if self.query.get("signature") != [signed(oid)]:
            raise refusal(403, "SignatureDoesNotMatch")

    def lfs_verify(self, repo_id: str) -> None:
        self.repo(repo_id, write=True)
        asked = json.loads(self.body)
        if len(self.hub.large.get(asked["oid"], b"")) != asked["size"]:
            raise refusal(404, "not uploaded")
        raise Answer(200, {"success": True})

    def commit(self, repo_id: str, revision: str) -> None:
        repo = self.repo(repo_id, write=True)
        branch = unquote(revision)
        head = self.at(repo, revision)
        if branch not in repo.branches:
            raise refusal(404, f"Invalid rev id: {branch}", "RevisionNotFound")
        lines = [json.loads(line) for line in self.body.splitlines()]
        header, operations = lines[0]["value"], lines[1:]
        parent = header.get("parentCommit")
        if parent and not head.oid.startswith(parent):
            raise refusal(412, "A commit has happened since. Please refresh and try again.")
        files = dict(head.files)
        for operation in operations:
            self.apply(files, operation["key"], operation["value"])
        made = repo.commit(branch, header["summary"], files, USER)
        url = f"{self.hub.endpoint}/datasets/{repo_id}/commit/{made.oid}"
        raise Answer(200, {"success": True, "commitOid": made.oid, "commitUrl": url, "hookOutput": ""})

    def apply(self, files: dict[str, Entry], key: str, value: dict[str, Any]) -> None:
        path = value["path"]
        if key == "file":
            data = base64.b64decode(value["content"])
            if is_large(path, len(data)):
                raise refusal(400, f"{path} must be uploaded as a large file")
            if path == "README.md" and (errors := card_errors(data.decode())):
                raise refusal(400, "; ".join(errors))
            files[path] = Entry(len(data), data)
        elif key == "lfsFile":
            if value["oid"] not in self.hub.large:
                raise refusal(
                    400, f"Your push was rejected because an LFS pointer pointed to a file that does not exist: {path}"
                )
            files[path] = Entry(len(self.hub.large[value["oid"]]), sha256=value["oid"])
        elif key == "deletedFile":
            if path not in files:
                raise refusal(404, "A file with this name doesn't exist", "EntryNotFound")
            del files[path]
        elif key == "deletedFolder":
            for name in [name for name in files if name.startswith(f"{path.rstrip('/')}/")]:
                del files[name]
        else:
            raise refusal(400, f"unknown operation {key}")

    def tag(self, repo_id: str, revision: str) -> None:
        repo = self.repo(repo_id, write=True)
        name = json.loads(self.body)["tag"]
        if name in repo.tags:
            raise refusal(409, "Tag already exists")
        repo.tags[name] = self.at(repo, revision).oid
        raise Answer(200, None)

    def branch(self, repo_id: str, name: str) -> None:
        repo = self.repo(repo_id, write=True)
        if unquote(name) in repo.branches:
            raise refusal(409, "Branch already exists")
        start = (json.loads(self.body) if self.body else {}).get("startingPoint", "main")
        repo.branches[unquote(name)] = self.at(repo, quote(start, safe="")).oid
        raise Answer(200, None)

    def resolve(self, repo_id: str, revision: str, path: str) -> None:
        commit = self.at(self.repo(repo_id), revision)
        entry = commit.files.get(unquote(path))
        known = {"X-Repo-Commit": commit.oid}
        if entry is None:
            raise refusal(404, "Entry not found", "EntryNotFound", **known)
        if entry.sha256:
            linked = {"X-Linked-Size": str(entry.size), "X-Linked-Etag": f'"{entry.sha256}"', "ETag": f'"{entry.oid}"'}
            place = f"{self.hub.storage}/lfs/stored/{entry.sha256}?signature={signed(entry.sha256)}"
            raise Answer(302, None, known | linked | {"Location": place, "Accept-Ranges": "bytes"})
        self.send_content(entry.content, known | {"ETag": f'"{entry.oid}"'})

    def stored(self, oid: str) -> None:
        self.must_be_signed(oid)
        self.send_content(self.hub.large[oid], {"ETag": f'"{oid}"'})

    def send_content(self, data: bytes, headers: dict[str, str]) -> None:
        headers |= {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not asked or not data:
            raise Answer(200, data, headers)
        first = int(asked[1]) if asked[1] else max(0, len(data) - int(asked[2]))
        last = min(int(asked[2]) if asked[1] and asked[2] else len(data) - 1, len(data) - 1)
        if first > last:
            raise Answer(416, None, headers | {"Content-Range": f"bytes */{len(data)}"})
        raise Answer(206, data[first : last + 1], headers | {"Content-Range": f"bytes {first}-{last}/{len(data)}"})


REPO, REVISION, REST = r"([\w.-]+/[\w.-]+?)", r"([^/]+)", r"(.+)"
ROUTES = [
    (re.compile(pattern.replace("REPO", REPO).replace("REVISION", REVISION).replace("REST", REST)), name)
    for pattern, name in (
        ("GET /api/whoami-v2", "whoami"),
        ("GET /api/agent-harnesses", "harnesses"),
        ("POST /api/repos/create", "create"),
        ("POST /api/validate-yaml", "validate_yaml"),
        ("GET /api/datasets/REPO", "info"),
        ("GET /api/datasets/REPO/revision/REVISION", "info"),
        ("GET /api/datasets/REPO/refs", "refs"),
        ("GET /api/datasets/REPO/commits/REVISION", "commits"),
        ("GET /api/datasets/REPO/tree/REVISION(?:/REST)?", "tree"),
        ("POST /api/datasets/REPO/paths-info/REVISION", "paths_info"),
        ("POST /api/datasets/REPO/preupload/REVISION", "preupload"),
        ("POST /api/datasets/REPO/commit/REVISION", "commit"),
        ("POST /api/datasets/REPO/tag/REVISION", "tag"),
        ("POST /api/datasets/REPO/branch/REVISION", "branch"),
        (r"POST /datasets/REPO\.git/info/lfs/objects/batch", "lfs_batch"),
        (r"POST /datasets/REPO\.git/info/lfs/objects/verify", "lfs_verify"),
        (r"PUT /lfs/upload/([0-9a-f]{64})(?:/(\d+))?", "lfs_upload"),
        (r"POST /lfs/complete/([0-9a-f]{64})", "lfs_complete"),
        (r"(?:GET|HEAD) /lfs/stored/([0-9a-f]{64})", "stored"),
        ("(?:GET|HEAD) /datasets/REPO/resolve/REVISION/REST", "resolve"),
    )
]


def signed(oid: str) -> str:
    return hashlib.sha256(f"secret {oid}".encode()).hexdigest()[:16]


def told(path: str, entry: Entry) -> dict[str, Any]:
    """A file as the tree lists it."""
    lfs = {"oid": entry.sha256, "size": entry.size, "pointerSize": len(entry.pointer)} if entry.sha256 else None
    return {"type": "file", "oid": entry.oid, "size": entry.size, "path": path} | ({"lfs": lfs} if lfs else {})


def folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": hashlib.sha1(path.encode()).hexdigest(), "size": 0, "path": path}


def folders_of(names: list[str], below: str, recursive: bool) -> list[dict[str, Any]]:
    found: set[str] = set()
    for name in names:
        parts = name[len(below) :].split("/")[:-1]
        for depth in range(1, len(parts) + 1 if recursive else min(2, len(parts) + 1)):
            found.add(below + "/".join(parts[:depth]))
    return [folder(path) for path in sorted(found)]


def front_matter(card: str) -> dict[str, Any] | None:
    found = re.match(r"---\r?\n(.*?)\r?\n---\r?\n", card, re.DOTALL)
    try:
        parsed = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return None
    return parsed if isinstance(parsed, dict) else None


def card_errors(card: str) -> list[str]:
    """What the Hub would refuse of a card: a small part of its rules, the ones that our cards could break."""
    if not card.startswith("---"):
        return []
    found = front_matter(card)
    if found is None:
        return ["YAML metadata is no mapping"]
    errors = (
        [f'"license" must be one of a list: {found["license"]}'] if found.get("license", "mit") not in LICENSES else []
    )
    errors += [
        f'"size_categories" is wrong: {each}' for each in found.get("size_categories", []) if not SIZES.fullmatch(each)
    ]
    errors += [
        f'"language" is wrong: {each}' for each in found.get("language", []) if not re.fullmatch("[a-z]{2,3}", each)
    ]
    errors += [
        f'"{key}" must be a list of strings' for key in ("tags", "task_categories") if not are_words(found.get(key, []))
    ]
    if not isinstance(found.get("pretty_name", ""), str):
        errors.append('"pretty_name" must be a string')
    return errors


def are_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
