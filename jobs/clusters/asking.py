"""Asking a finished run for its near-duplicates."""

from collections.abc import Iterable, Mapping
from typing import Any

from dedup.comparison import Comparison, Signed, compare, sign
from dedup.gathered import candidates, member_rows
from dedup.precedence import decided_by
from dedup.survival import Star, columns_of
from jobs.clusters.pages import Page, Pages, pages_of
from jobs.clusters.told import (
    COPIES,
    EXACT_COPY,
    NEAR_DUPLICATE,
    SURVIVOR,
    AllTold,
    AloneTold,
    ClusterTold,
    LargeTold,
    MemberTold,
    NearTold,
)
from jobs.recorded_rules import recorded_rules
from pipeline.errors import InputError, StorageError
from pipeline.inspection.annotation import CONTEXT, changed
from pipeline.inspection.answers import original_of, passes
from pipeline.inspection.clusters import STEP, Found, Head, Member, cluster_of, members_of, overview
from pipeline.runs import OpenRun
from pipeline.why import Story

MOST_PLACED = 10_000  # documents of a cluster that are looked at for where they are from
MOST_NEAR = 5

Told = ClusterTold | AloneTold | Story


class Asked:
    """The near-duplicates of a run. Memory is that of a row group of its tables and of the texts that are told of.

    Raises:
        InputError: the run looks for no near-duplicates, or has not finished with that.
        RecipeError: documents were compared in a way that this version does not know.
    """

    def __init__(self, run: OpenRun) -> None:
        self.run = run
        _check_finished(run)
        rules = recorded_rules(run)
        self.minhash, self.survival, self.changed = rules.minhash, rules.survival, rules.changed
        self.pages: Pages = pages_of(run, self.survival.score)

    def all(self, *, most: int, size: int | None = None) -> AllTold:
        """All clusters, and the `most` largest of them, or as many of `size` documents."""
        found = overview(self.run, most=most, size=size)
        return AllTold(
            what=self.pages.what,
            rule=self.survival.name if self.minhash else COPIES,
            sizes=list(found.sizes.iter_rows()),
            largest=[self._large(head) for head in found.largest],
            similar=list(found.bins()),
            unknown=found.unknown,
            copies=bool(passes(self.run)),
        )

    def _large(self, head: Head) -> LargeTold:
        found = cluster_of(self.run, head.cluster)
        if found is None:
            raise _lost(head.cluster)
        first = [member.document for member, _ in zip(members_of(self.run, found), range(MOST_PLACED), strict=False)]
        (survivor,) = self.pages.read([head.survivor])
        places = len(self.pages.places(first))
        return LargeTold(cluster=head.cluster, size=head.size, survivor=survivor.name, places=places, of=len(first))

    def cluster(self, number: int, *, most: int, full: bool = False) -> ClusterTold:
        """A cluster by its number; InputError where there is none."""
        found = cluster_of(self.run, number)
        if found is None or found.head.cluster != number:
            raise InputError(f"no cluster of this run has the number {number}")
        return self._cluster(found, frozenset(), most, full)

    def page(self, page: str, *, most: int, full: bool = False) -> list[Told]:
        """The cluster of each document that `page` names, each once, or why it has none.

        InputError where no document is called so.
        """
        clusters: dict[int, tuple[Found, set[int]]] = {}
        others: list[Told] = []
        for each in self.pages.find(page):
            if isinstance(each, Story):
                others.append(each)
            elif found := cluster_of(self.run, each):
                clusters.setdefault(found.head.cluster, (found, set()))[1].add(each)
            else:
                others.append(self._alone(each))
        told = [self._cluster(found, frozenset(asked), most, full) for found, asked in clusters.values()]
        return [*told, *others]

    def _cluster(self, found: Found, asked: frozenset[int], most: int, full: bool) -> ClusterTold:
        shown = self._shown(found, asked, most)
        rows = {} if found.partition is None else member_rows(self.run, list(shown), found.partition)
        (stayed,) = self.pages.read([found.head.survivor])
        survivor = self._member(stayed, rows, SURVIVOR)
        rest = self.pages.read([document for document in shown if document != stayed.document])
        signed = self._signed(stayed, rows)
        removed = [self._removed(page, shown[page.document], (stayed, signed), rows, full) for page in rest]
        removed.sort(key=lambda each: (each.document not in asked, each.document))
        return ClusterTold(
            cluster=found.head.cluster, size=found.head.size, survivor=survivor, removed=removed, asked=asked
        )

    def _shown(self, found: Found, asked: frozenset[int], most: int) -> dict[int, Member]:
        shown: dict[int, Member] = {}
        left = most
        for member in members_of(self.run, found):
            if member.document == found.head.survivor or member.document in asked:
                shown[member.document] = member
            elif left > 0:
                shown[member.document] = member
                left -= 1
        if found.head.survivor not in shown:
            shown[found.head.survivor] = Member(found.head.survivor, True, None)
        return shown

    def _member(self, page: Page, rows: Mapping[int, Mapping[str, Any]], fate: str, **more: Any) -> MemberTold:
        known = rows.get(page.document) or _order_of(page)
        order = {name: known.get(name) for name in columns_of(self.survival.order)}
        if "release" in self.survival.order:
            order = {name: page.document >> 48 if name == "release" else order[name] for name in self.survival.order}
        facts = page._asdict()
        text, _ = facts.pop("text"), facts.pop("score")
        return MemberTold(**facts, chars=None if text is None else len(text), fate=fate, order=order, **more)

    def _removed(
        self,
        page: Page,
        member: Member,
        survivor: tuple[Page, Signed | None],
        rows: Mapping[int, Mapping[str, Any]],
        full: bool,
    ) -> MemberTold:
        stayed, signed = survivor
        own = rows.get(page.document) or _order_of(page)
        first = rows.get(stayed.document) or _order_of(stayed)
        same = page.text is not None and page.text == stayed.text
        texts = None if page.text is None or stayed.text is None else (stayed.text, page.text)
        fate = SURVIVOR if member.keep else EXACT_COPY if same or member.is_copy else NEAR_DUPLICATE
        return self._member(
            page,
            rows,
            fate,
            decided_by=decided_by(first, own, self.survival.order),
            recorded=member.similarity,
            same=member.reason if member.is_copy else None,
            copy_of=self._copy_of(page.document) if member.is_copy else None,
            comparison=self._compared(signed, self._signed(page, rows)),
            changes=changed(*texts, context=None if full else CONTEXT) if texts else None,
        )

    def _signed(self, page: Page, rows: Mapping[int, Mapping[str, Any]]) -> Signed | None:
        if page.text is None or self.minhash is None:
            return None
        return sign(page.text, self.minhash, self.survival, rows.get(page.document))

    def _compared(self, one: Signed | None, other: Signed | None) -> Comparison | None:
        return compare(one, other, self.minhash, self.survival) if one and other and self.minhash else None

    def _copy_of(self, document: int) -> str | None:
        original = original_of(self.run, document)
        return None if original is None else next(iter(self.pages.read([original]))).name

    def _alone(self, document: int) -> AloneTold:
        (page,) = self.pages.read([document])
        signed = self._signed(page, {})
        if signed is None:  # copies alone were looked for
            return AloneTold(document=document, name=page.name, too_short=False, nearest=[])
        nearest = list(self._nearest(document, signed)) if signed.is_compared else []
        nearest.sort(key=lambda each: -(each.comparison.exact if each.comparison else 0.0))
        return AloneTold(document=document, name=page.name, too_short=not signed.is_compared, nearest=nearest)

    def _nearest(self, document: int, signed: Signed) -> Iterable[NearTold]:
        """Only stars leave documents that share a band with others where they are."""
        if not isinstance(self.survival, Star) or self.minhash is None:
            return
        found = candidates(self.run, document, signed, self.minhash, self.survival, MOST_NEAR)
        for page in self.pages.read([each.document for each in found]):
            of = cluster_of(self.run, page.document)
            yield NearTold(
                document=page.document,
                name=page.name,
                stays=of is None or of.head.survivor == page.document,
                comparison=self._compared(signed, self._signed(page, {})),
            )


def _order_of(page: Page) -> dict[str, Any]:
    """What the order goes by, of a document that was compared with no other; little is known of one of an earlier release."""
    return {"document": page.document} if page.text is None else {**page._asdict(), "text_chars": len(page.text)}


def _check_finished(run: OpenRun) -> None:
    step = run.step(STEP)
    if step is None and not passes(run):
        raise InputError(f"{run.storage.location}: this run's recipe looks for no near-duplicates")
    if step and run.step("members") is None:
        raise InputError(
            f"{run.storage.location}: an earlier version found the near-duplicates of this run and kept less of them; "
            "run the same command again first"
        )
    for each in (step, run.step("survivors")):
        if each and not run.is_sealed(each):
            raise InputError(
                f"{run.storage.location}: near-duplicates are not all found yet, step {each.name} is not finished; "
                "run the same command again first"
            )


def _lost(cluster: int) -> StorageError:
    return StorageError(f"step {STEP}: document {cluster}, which a cluster is called after, is not told of")
