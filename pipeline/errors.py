"""What can go wrong, as a policy: each class says who is to blame and what the machine does about it.

`RecordError` costs one page, `TransientError` costs a retry, `InputError` and `StorageError` cost a part, `PartsFailed` ends a
step, `RecipeError` stops a run before it starts. Any other exception is a bug of ours and fails its part at once.
"""


class GristmillError(Exception):
    """Anything a user may see as one clear line."""


class RecipeError(GristmillError):
    """The recipe or the command is wrong; raised before any task starts (exit code 2)."""


class RecordError(GristmillError):
    """One record is bad. It becomes a row with `reason`; the other records of the part go on.

    `by_limit` marks a page that was stopped by a resource limit rather than by what it is.
    """

    def __init__(self, reason: str, detail: str = "", *, by_limit: bool = False) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.by_limit = by_limit


class TransientError(GristmillError):
    """Storage or network hiccup: worth a bounded number of retries with back-off."""


class Exhausted(TransientError):  # noqa: N818  the name states what has happened
    """The same, after it was retried for as long as is allowed: another try now would only hammer."""


class InputError(GristmillError):
    """An input file is not what it claims to be (missing, unreadable, no archive at all): its part fails."""


class StorageError(GristmillError):
    """ROOT cannot be written or read: no permission, disk full, a committed file gone."""


class PartsFailed(GristmillError):  # noqa: N818  the name states the fact that ends a step
    """Some parts of a step failed after everything else was done; nothing was sealed."""

    def __init__(self, step: str, failures: dict[str, str]) -> None:
        self.step = step
        self.failures = failures
        first = "; ".join(f"{part}: {why}" for part, why in list(failures.items())[:3])
        more = f" (+{len(failures) - 3} more)" if len(failures) > 3 else ""
        super().__init__(f"{len(failures)} part(s) of step {step} failed: {first}{more}")
