"""The Hub as the place where a dataset is published: large files first, then one commit that has everything."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pipeline.errors import RecipeError, StorageError
from pipeline.publishing.bundle import Bundle, Progress, PublishedFile, damaged, is_shard
from pipeline.publishing.describe import CARD
from pipeline.publishing.hub_client import HubChanged, HubMissing, hub_errors, patiently
from pipeline.publishing.stored_file import StoredFile

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

BATCH_FILES = 32  # shards that are checked and then sent together
THREADS = 4
MOST_LOOKS = 3


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the Hub: its size, git's id, and the SHA-256 of a large one."""

    size: int
    oid: str
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a branch holds now. `commit` is None where the repository is not there yet."""

    commit: str | None = None
    private: bool = True
    files: Mapping[str, RemoteFile] = field(default_factory=dict[str, RemoteFile])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    has_branch: bool = False

    def has(self, file: PublishedFile) -> bool:
        """Whether the branch holds these very bytes."""
        there = self.files.get(file.path)
        if there is None or there.size != file.size:
            return False
        return there.sha256 == file.sha256 if there.sha256 else there.oid == git_oid(file)

    def stale(self, bundle: Bundle) -> list[str]:
        """Shards of an earlier release."""
        return sorted(path for path in self.files if is_shard(path) and path not in bundle.paths)

    def holds(self, bundle: Bundle) -> bool:
        """Whether nothing is left to do."""
        return self.has_branch and not self.stale(bundle) and all(map(self.has, bundle.files))


def git_oid(file: PublishedFile) -> str | None:
    """Git's id of a small file; None for a shard, which is never a small file."""
    if file.stored is not None:
        return None
    return hashlib.sha1(b"blob %d\0" % file.size + file.content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of it: the commit, whether it was made now, and the bytes that were sent for it."""

    commit: str
    new: bool
    sent: int


class HubTarget:
    """A branch of a dataset repository."""

    def __init__(self, api: "HfApi", repo: str, branch: str, notice: Callable[[str], None]) -> None:
        self.repo, self.branch = repo, branch
        self.where = f"hf://datasets/{repo}" + ("" if branch == "main" else f"@{branch}")
        self.stop = threading.Event()
        self._api = api
        self._notice = notice
        self._sent = 0

    def _ask(self, what: str, **words: Any) -> Any:
        """Asks the Hub for `what`, as often as it takes."""

        def once() -> Any:
            with hub_errors(self.where):
                answer = getattr(self._api, what)(self.repo, repo_type="dataset", **words)
                return list(answer) if isinstance(answer, Iterator) else answer

        return patiently(once, self._notice)

    def look(self) -> Head:
        """What is there now."""
        try:
            info = self._ask("repo_info")
        except HubMissing:
            return Head()
        tags = {ref.name: ref.target_commit for ref in self._ask("list_repo_refs").tags}
        try:
            commit = self._ask("repo_info", revision=self.branch).sha
        except HubMissing:
            return Head(commit=info.sha, private=bool(info.private), tags=tags)
        entries = self._ask("list_repo_tree", recursive=True, revision=commit)
        files = {
            entry.path: RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
            for entry in entries
            if hasattr(entry, "blob_id")
        }
        return Head(commit=commit, private=bool(info.private), files=files, tags=tags, has_branch=True)

    def publish(self, bundle: Bundle, head: Head, progress: Progress, *, public: bool, tag: str | None) -> Published:
        """Makes the branch hold the bundle by one commit on top of `head`, and checks what the Hub then lists.

        Files that the Hub has are not sent again, so an upload that was stopped goes on where it was. Where somebody else commits
        meanwhile, their commit stays below ours if it touches nothing of ours; else StorageError says what it touched.
        """
        check_tag(head, bundle, tag)
        self._validate(bundle)
        first = head = self._prepared(head, public)
        for _ in range(MOST_LOOKS):
            if head.holds(bundle):
                break
            operations = self._uploaded(bundle, head, progress)
            try:
                self._commit(bundle, head, operations)
                done = True
            except HubChanged:
                done = False
            head = self._again(bundle, head, done)
        if not head.holds(bundle) or head.commit is None:
            raise StorageError(f"{self.where}: somebody else keeps committing; run the same command again later")
        if tag is not None and tag not in head.tags:
            self._ask("create_tag", tag=tag, revision=head.commit, exist_ok=True)
        return Published(commit=head.commit, new=head.commit != first.commit, sent=self._sent)

    def _validate(self, bundle: Bundle) -> None:
        """Lets the Hub check the card before anything is sent: it knows which licenses there are."""
        from huggingface_hub import DatasetCard

        card = next(file.content for file in bundle.files if file.path == CARD).decode()

        def once() -> None:
            with hub_errors(f"{self.where}: the card is refused"):
                DatasetCard(card).validate(repo_type="dataset")

        patiently(once, self._notice)

    def _prepared(self, head: Head, public: bool) -> Head:
        """Repository and branch, made where they are missing."""
        if head.commit is None:
            self._ask("create_repo", private=not public, exist_ok=True)
            head = self.look()
        if not head.has_branch:
            self._ask("create_branch", branch=self.branch, exist_ok=True)
            head = self.look()
        return head

    def _again(self, bundle: Bundle, before: Head, done: bool) -> Head:
        """The branch after a commit of ours or of somebody else; StorageError where ours is not whole, or theirs touches ours."""
        after = self.look()
        if after.holds(bundle):
            return after
        if done:
            wrong = [file.path for file in bundle.files if not after.has(file)] + after.stale(bundle)
            raise StorageError(f"{self.where}: after the commit the Hub lists other files than were sent: {wrong[:3]}")
        ours = bundle.paths | set(before.stale(bundle)) | set(after.stale(bundle))
        touched = sorted(path for path in ours if before.files.get(path) != after.files.get(path))
        if touched:
            raise StorageError(
                f"{self.where}: somebody else committed meanwhile and changed {', '.join(touched[:3])}; look at it, then run "
                "the same command again to publish over it"
            )
        self._notice(f"{self.where}: somebody else committed meanwhile, but nothing of ours; going on")
        return after

    def _uploaded(self, bundle: Bundle, head: Head, progress: Progress) -> list["CommitOperationAdd"]:
        """An operation for each file that the branch does not have; large files are on the Hub when this returns."""
        from huggingface_hub import CommitOperationAdd

        missing = [file for file in bundle.files if not head.has(file)]
        progress(bundle.size - sum(file.size for file in missing))
        shards = [file for file in missing if file.stored is not None]
        operations: list[CommitOperationAdd] = []
        for start in range(0, len(shards), BATCH_FILES):
            operations += self._upload(bundle, shards[start : start + BATCH_FILES], progress)
        texts = [file for file in missing if file.stored is None]
        return operations + [CommitOperationAdd(file.path, file.content) for file in texts]

    def _upload(self, bundle: Bundle, files: list[PublishedFile], progress: Progress) -> list["CommitOperationAdd"]:
        """Checks a batch against its digests, then sends what the Hub does not have of it."""
        from huggingface_hub import CommitOperationAdd

        opened: list[StoredFile] = []
        operations: list[CommitOperationAdd] = []
        try:
            for file in files:
                opened.append(StoredFile(bundle.storage, file.stored or "", progress, self.stop))
                operations.append(
                    CommitOperationAdd(file.path, cast("BinaryIO", opened[-1]))
                )  # reads it to its end and digests it
                if operations[-1].upload_info.sha256.hex() != file.sha256:
                    raise damaged(bundle, file)
                opened[-1].sending = True
            self._send(operations, opened)
            for file, stored in zip(files, opened, strict=True):
                self._sent += stored.sent
                progress(file.size - stored.sent)
        finally:
            for stored in opened:
                stored.close()
        return operations

    def _send(self, operations: list["CommitOperationAdd"], opened: list[StoredFile]) -> None:
        """Sends a batch, from its beginning at each attempt: the client leaves a file where a failed request stopped."""

        def once() -> None:
            for stored in opened:
                stored.seek(0)
            with hub_errors(self.where):
                self._api.preupload_lfs_files(
                    self.repo, operations, repo_type="dataset", revision=self.branch, num_threads=THREADS
                )

        patiently(once, self._notice)

    def _commit(self, bundle: Bundle, head: Head, operations: list["CommitOperationAdd"]) -> None:
        """The one commit. Where its answer is lost it is sent again, and cannot be made twice: `head` is its parent only once."""
        from huggingface_hub import CommitOperationDelete

        numbers, manifest = bundle.manifest["funnel"], bundle.manifest
        stale = [CommitOperationDelete(path) for path in head.stale(bundle)]
        self._ask(
            "create_commit",
            operations=[*operations, *stale],
            commit_message=f"{numbers['kept']:,} documents of {manifest['source']}, recipe {manifest['recipe']}"[:200],
            commit_description=f"Gristmill run {manifest['run']}",
            revision=self.branch,
            parent_commit=head.commit,
            num_threads=THREADS,
        )


def check_tag(head: Head, bundle: Bundle, tag: str | None) -> None:
    """RecipeError where the tag is taken by another commit than one that holds the bundle."""
    if tag is not None and tag in head.tags and not (head.tags[tag] == head.commit and head.holds(bundle)):
        raise RecipeError(f"--tag {tag}: the tag exists and names another commit; choose another")
