"""What a Hub keeps: repositories as git sees them, and large files by their SHA-256."""

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

LARGE_SUFFIXES = (
    ".parquet",
    ".bin",
    ".gz",
    ".zst",
)  # what .gitattributes of a new data set repository names, shortened
LARGE_BYTES = 10_000_000
ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LARGE_SUFFIXES).encode()
FIRST_DATE = "2024-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Entry:
    """A file of a commit: its bytes, or (where `sha256` is set) a pointer to a large file."""

    size: int
    content: bytes = b""
    sha256: str | None = None

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()

    @property
    def oid(self) -> str:
        data = self.pointer if self.sha256 else self.content
        return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    title: str
    files: Mapping[str, Entry]
    author: str


@dataclass
class Repo:
    """A repository: commits never change, branches and tags point to them."""

    id: str
    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, title: str, files: Mapping[str, Entry], author: str = "hub") -> Commit:
        parent = self.branches.get(branch)
        text = f"{self.id}|{parent}|{title}|{[(path, entry.oid) for path, entry in sorted(files.items())]}"
        made = Commit(hashlib.sha1(text.encode()).hexdigest(), parent, title, dict(files), author)
        self.commits[made.oid] = made
        self.branches[branch] = made.oid
        return made

    def at(self, revision: str) -> Commit | None:
        """The commit that a branch, tag or commit id names."""
        revision = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        return self.commits.get(self.branches.get(revision) or self.tags.get(revision) or revision)

    def history(self, revision: str = "main") -> list[Commit]:
        """Newest first."""
        found: list[Commit] = []
        commit = self.at(revision)
        while commit:
            found.append(commit)
            commit = self.commits.get(commit.parent or "")
        return found


class Repos:
    """All repositories, and the large files they share."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.received: Counter[str] = Counter()  # bytes of file content that came in, by SHA-256, whether kept or not
        self.lock = threading.RLock()

    def create(self, repo_id: str, *, private: bool = False) -> Repo:
        repo = self.repos[repo_id] = Repo(repo_id, private)
        repo.commit("main", "initial commit", {".gitattributes": Entry(len(ATTRIBUTES), ATTRIBUTES)})
        return repo

    def content(self, entry: Entry) -> bytes:
        return self.large[entry.sha256] if entry.sha256 else entry.content

    def read(self, repo_id: str, path: str, revision: str = "main") -> bytes:
        commit = self.repos[repo_id].at(revision)
        assert commit is not None
        return self.content(commit.files[path])

    def write(
        self, repo_id: str, files: Mapping[str, bytes], title: str = "from elsewhere", branch: str = "main"
    ) -> Commit:
        """A commit that somebody makes by other means, such as the web page."""
        repo = self.repos[repo_id]
        head = repo.at(branch)
        kept = dict(head.files) if head else {}
        for path, data in files.items():
            kept[path] = self.entry(path, data)
        return repo.commit(branch, title, kept, "somebody")

    def entry(self, path: str, data: bytes) -> Entry:
        if not is_large(path, len(data)):
            return Entry(len(data), data)
        digest = hashlib.sha256(data).hexdigest()
        self.large[digest] = data
        return Entry(len(data), sha256=digest)


def is_large(path: str, size: int) -> bool:
    return path.endswith(LARGE_SUFFIXES) or size > LARGE_BYTES
