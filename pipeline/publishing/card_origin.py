"""The parts of a card about origin, repetition, people, limits and terms."""

import shlex
from pathlib import PurePath
from typing import Any

from pipeline.publishing.markdown import code, fenced, one_line, plain, table
from pipeline.publishing.recipe_tables import has_item, stage

MOST_DUMPS = 20
_VERBS = ("curate", "demo")


def origin_section(manifest: dict[str, Any]) -> str:
    """Source, crawls, run, commit, versions and fingerprints."""
    origin = manifest["provenance"]
    dumps = list(manifest["dumps"].items())
    crawls = ", ".join(f"{code(name)} ({count:,} files)" for name, count in dumps[:MOST_DUMPS])
    more = f" and {len(dumps) - MOST_DUMPS} more" if len(dumps) > MOST_DUMPS else ""
    rows = [
        ("source", code(manifest["source"])),
        ("archive files", f"{manifest['files']:,} ({manifest['input_bytes']:,} bytes)"),
        ("crawls", crawls + more),
        ("run", code(manifest["run"])),
        ("started", code(origin.get("started"))),
        ("commit of Gristmill", code(origin.get("commit") or "unknown")),
        ("SHA-256 of requirements.lock", code(origin.get("lock") or "unknown")),
        ("Python, machine", code(f"{origin.get('python')}, {origin.get('machine')}")),
        ("packages", ", ".join(code(f"{name} {version}") for name, version in origin.get("versions", {}).items())),
    ]
    steps = ((code(name), code(step["fingerprint"])) for name, step in manifest["steps"].items())
    return (
        f"## Where it comes from\n\n{table(('', 'value'), rows)}\n\n"
        "Fingerprints, the digest of what each step was told to do:\n\n" + table(("step", "fingerprint"), steps)
    )


def command(manifest: dict[str, Any]) -> str:
    """The command that made the run, without the paths of the machine it ran on; a placeholder where it was none of ours."""
    argv = manifest["provenance"].get("argv", ())
    name = PurePath(argv[0]).stem if argv else ""
    words = argv[1:] if name == "gristmill" else [name, *argv[1:]]
    if not words or words[0] not in _VERBS:
        words = ["curate", manifest["recipe"], "--input", "FILES", "--source", manifest["source"], "--output", "ROOT"]
    if words[0] == "curate" and not {"-i", "--input"} & {word.partition("=")[0] for word in words}:
        words = [*words, "--input", "FILES"]  # a replay took them from the run before
    return f"gristmill {shlex.join(map(one_line, words))}"


def reproduce_section(manifest: dict[str, Any]) -> str:
    """How to get the same bytes again, and how to check these."""
    origin = manifest["provenance"]
    commit = (origin.get("commit") or "COMMIT").removesuffix("+")
    changed = " The checkout had changes that were not committed." if (origin.get("commit") or "").endswith("+") else ""
    lines = (
        f"git checkout {commit}  # of Gristmill",
        "make setup              # installs exactly what requirements.lock names",
        command(manifest),
        "gristmill verify ROOT",
    )
    return (
        "## How to make it again\n\nThe same input, recipe and lock file give the same bytes in `data/`, for any number of "
        f"workers and however often the run was interrupted.{changed}\n\n{fenced('sh', chr(10).join(lines))}\n\n"
        f"To check these files against their digests, in this folder:\n\n{fenced('sh', 'sha256sum --check SHA256SUMS')}"
    )


_REPLACED = (
    "E-mail addresses and public IPv4 addresses in the text were replaced by stand-ins; which one is chosen by a hash of what "
    "it replaces. Nothing else was looked for: names, telephone numbers and postal addresses that were on the pages are in "
    "the text. The column `url` is as it was crawled."
)
_LEFT = "The recipe replaces no personal data: what was on the pages is in the text."


def personal_section(manifest: dict[str, Any]) -> str:
    """What was done about personal data, and whom to write to."""
    done = _REPLACED if has_item(manifest, "personal_data") else _LEFT
    contact = manifest["release"].get("contact")
    asked = f"\n\nTo have a page removed, write to {plain(contact)} and name its `url` or `id`." if contact else ""
    return f"## Personal data\n\n{done}{asked}"


_LIMITS = (
    (
        None,
        "The pages are what a crawler found: some places, languages, times and people write far more of the web than others.",
    ),
    (None, "Nobody checked whether what the pages say is true, fair, legal or safe."),
    (
        None,
        "Extraction keeps running text; tables, code, mathematics and what scripts would have shown are often lost or damaged.",
    ),
    (
        "rules",
        "Rules tell the form of a text, not its worth: poems, lists, dialogue and code can go, fluent nonsense can stay.",
    ),
    ("url_policy", "Block lists of addresses hold errors, and listed words also occur in harmless addresses."),
    ("language", "The language is a model's guess for the whole page; dialects and mixed pages suffer most."),
    (
        "minhash",
        "Near-duplicates below the similarity given above mostly stay; so do pages that share only some paragraphs.",
    ),
    (None, "Benchmarks were not looked for: test questions that are on the web may be in the text."),
)


def limits_section(manifest: dict[str, Any]) -> str:
    """What a user must not expect, as far as it follows from how the dataset was made."""

    def applies(about: str | None) -> bool:
        found = {"rules": manifest["rules"], "minhash": stage(manifest, "minhash")}
        return about is None or bool(found.get(about)) or has_item(manifest, about)

    return "## Known limits\n\n" + "\n".join(f"- {text}" for about, text in _LIMITS if applies(about))


def terms_section(manifest: dict[str, Any], title: str) -> str:
    """License and citation."""
    stated = "The publisher states no license. The pages remain their authors'."
    if license_ := manifest["release"].get("license"):
        stated = (
            f"The publisher releases the collection under {code(license_)}. The pages remain their authors'; this license "
            "gives no right to them that the publisher does not have."
        )
    return f"## License and citation\n\n{stated}\n\n{fenced('bibtex', citation(manifest, title))}"


def citation(manifest: dict[str, Any], title: str) -> str:
    """A BibTeX entry; its year is that of the run."""
    release = manifest["release"]
    name = "".join(char if char not in "{}\\%$#&~^_`" else " " for char in one_line(title))
    fields = {
        "title": f"{{{name}}}",
        "year": str(manifest["provenance"].get("started", ""))[:4],
        "note": f"{manifest['funnel']['kept']:,} documents; Gristmill run {manifest['run']}",
    }
    if "version" in release:
        fields["version"] = release["version"]
    if "repo" in release:
        fields["howpublished"] = f"\\url{{https://huggingface.co/datasets/{release['repo']}}}"
    inside = "".join(f"  {key} = {{{value}}},\n" for key, value in fields.items())
    return f"@misc{{gristmill-{manifest['run'][:8]},\n{inside}}}"
