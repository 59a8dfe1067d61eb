"""The deduplication as steps of the machine.

`minhash` writes each part's band keys, one row group a band; `edges` reads one band of all parts; `components` joins the edges;
`members` gathers what is known of the clustered documents of each part; `clusters` elects who survives; `survivors` brings the
answer back, row-aligned with documents. All carry the same `MinHash`, so they cannot disagree.
"""

from dedup.documents import Documents, Judged
from dedup.minhash import MinHash
from dedup.stages.clusters import Clusters
from dedup.stages.components import Joined
from dedup.stages.edges import Edges
from dedup.stages.members import Members
from dedup.stages.signatures import Signatures
from dedup.stages.survivors import Survivors
from pipeline.steps import Step


def dedup_steps(
    minhash: MinHash, inputs: tuple[Step, ...], *, span: int, documents: Documents | None = None
) -> tuple[Step, ...]:
    """The steps after `inputs`, from which `documents` (those that `decide` keeps) are read; the last is named `survivors`."""
    documents = documents or Judged()
    signed = Step(name="minhash", stage=Signatures(minhash=minhash, documents=documents), inputs=inputs, span=span)
    found = Step(name="edges", stage=Edges(minhash=minhash), inputs=(signed,), partitions=minhash.bands)
    joined = Step(name="components", stage=Joined(minhash=minhash), inputs=(found,), partitions=1)
    members = Step(name="members", stage=Members(minhash=minhash), inputs=(signed, joined), span=span)
    elected = Step(name="clusters", stage=Clusters(minhash=minhash), inputs=(joined, members), partitions=1)
    judged = Survivors(minhash=minhash, documents=documents)
    last = Step(name="survivors", stage=judged, inputs=(*inputs, elected), span=span)
    return signed, found, joined, members, elected, last
