"""Binaries that KenLM 0.3.0 made of small models, and what it says of sentences by each."""

import base64
import zlib
from dataclasses import dataclass

SENTENCES = [
    "",
    "a",
    "a b",
    "b a",
    "a b c",
    "a b c b",
    "c b",
    "a b c b a",
    "b c b b c b a",
    "c",
    "x",
    "<unk>",
    "a b x a b c b",
    "longer-than-eight a",
    "</s> a",
    "<s> a b",
    "a\xa0b",
    "b\tc",
]

PRUNED = r"""
\data\
ngram 1=6
ngram 2=4
ngram 3=3
ngram 4=2

\1-grams:
-99	<s>	-0.3
-0.6	</s>
-0.7	a	-0.2
-0.8	b	-0.1
-0.9	c	-0.4
-1.5	longer-than-eight

\2-grams:
-0.2	<s> a	-0.05
-0.4	a b	-0.15
-0.9	b a	0
-0.35	b c	-0.25

\3-grams:
-0.1	<s> a b	-0.125
-0.55	a b c	-0.5
-0.45	b c b

\4-grams:
-0.05	<s> a b c
-0.3	a b c b

\end\
"""
"""The 2-gram `c b` was taken out, and 3-grams and a 4-gram end with it: KenLM puts it in, without a weight."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file, packed, its bytes, and the logarithm of each sentence."""

    packed: str
    size: int
    log10: list[float]

    def unpacked(self) -> bytes:
        content = zlib.decompress(base64.b85decode("".join(self.packed.split())))
        assert len(content) == self.size
        return content


PLAIN = [
    -0.9000000357627869,
    -1.0500000715255737,
    -0.6000000238418579,
    -2.799999952316284,
    -2.1500000953674316,
    -2.8499999046325684,
    -2.5999999046325684,
    -4.050000190734863,
    -7.500000476837158,
    -1.899999976158142,
    -1.899999976158142,
    -1.899999976158142,
    -5.200000286102295,
    -2.799999952316284,
    -2.4000000953674316,
    -99.9000015258789,
    -1.899999976158142,
    -2.8000001907348633,
]
"""What both binaries of one model say: the plain one, and that with rest costs."""

RECORDED = {
    "small": Recorded(
        """
c-qU&O)OBz$yLZGDJihh*U!#KO-##7%}LQq&d=3P&QD2INXswEO)OC;OD!tS%+FIW<zhg9274f}pAks>2Lg}?BUFYNOdhaD7Gs6dEKr(>0TqDc3+fd2TDFyf
^$2EXU%n(R&d$t$8*t@(|5#i6ARA<sxt7+X+CSZ|STIyI><1AH495=5nmKddteKJ^cQqIr8{3~f<FgNlf%KWZFx4ENm@-;68Vdu(?0{<bH5R@7P+MKo3RSyz
P48_H=ESr$X=!OtbMXVsHuDR64mB$PnP7X>zO?iGv7MNQY$pf=UYV+p60ckYa-&UYUbY>BO)(Jb1Bpb2BnANK4P{a
        """,
        427,
        PLAIN,
    ),
    "without words": Recorded(
        """
c-qU&O)OBz$yLZGDJihh*U!#KO-##7%}LQq&d=3P&QD2INXswEO)OC;OD!tS%+FIW<zhg9274f}pAks>2Lg}?BUFYNh-b~5X^*6sfd!3bVn79~KrEP@efg5O
I6Fwcxt7+X+CSZ|K<c@2zJIJOevl2)Q&6Y4*Rrh?ZWjWaI0T`O9Rk|DZ`Mpnko^tD#>Vz%&-m;EVjz8HZ)4Hh54F`btx&PO9G{pnS~eOB1Lf?1diJg9y)D9=
n6@S@Ep0zYzh;~Hg*}Iw6@YB8dFZyPeQD?WV>>YqWHz#R;FYNgDe=lhAh!SjctK&4
        """,
        360,
        [
            -0.9000000357627869,
            -1.0500000715255737,
            -0.6000000238418579,
            -2.799999952316284,
            -101.1500015258789,
            -101.85000610351562,
            -101.60000610351562,
            -103.05001068115234,
            -205.5,
            -100.9000015258789,
            -100.9000015258789,
            -100.9000015258789,
            -203.1999969482422,
            -101.80000305175781,
            -2.4000000953674316,
            -99.9000015258789,
            -100.9000015258789,
            -101.79999542236328,
        ],
    ),
    "pruned": Recorded(
        """
c-qU&O)OBz$yLZGDJihh*U!#KO-##7%}LQq&d=3P&QD2INXswEO)OC;OD!tS%+FIW<zhg9274f}pAks>2Lg}?BUFY3OgcCqi?N}|F)%PgX(k3#zz)PV7N5Ut
eDi4@NYB;>O}iv|D{ind;09bd-#^wCKgdQmtDsJCuVq^)+zr@(V0QN9OXA|}%nXzPb1kh&wST%_vEWs8;t+&Bc4*ejnfqqVl-v&rNMmDT`?F_!_5m@FKC?G1
Ee%BPV_-M{mgo4yl+m)$SQsc~2h_8#vFPoG+UlBCsGhwPI-OzHGUh(1Rr|IX8*jD)TDQ+G;g0Hp*i;3e8$og0u%`F62y<fE8lbzt?qQ%Y5VcO;{MzG1LR#80
J7Vlp`_j($$97^KDC~gTefwJ8Ne9Xun11#Q4>*mYtKSi~VyWi*`j7a+?(4f<@yGW6n-7X7Txx7e^Rn$2Y>I(cA4nuJBrzm2<mBh2rxxj!WF+S4re>yRlrR7Q
N`suy
        """,
        871,
        [
            -0.9000000357627869,
            -1.0500000715255737,
            -1.2750000953674316,
            -2.799999952316284,
            -2.0999999046325684,
            -1.3500001430511475,
            -3.1000001430511475,
            -2.3499999046325684,
            -5.300000190734863,
            -2.200000047683716,
            -100.9000015258789,
            -100.9000015258789,
            -103.32500457763672,
            -3.299999952316284,
            -2.4000000953674316,
            -100.57499694824219,
            -100.9000015258789,
            -2.700000047683716,
        ],
    ),
    "rest": Recorded(
        """
c-qU&O)OBz$yLZGDJihh*U!#KO-##7%}LQq&d=3P&QD2INXswEO)OC;OD!tS%+FIW<zhg9274f}pAks>2Lg}?BUFYNOdhajL=t0#(kxJ#i2)UW<O}K)_gc1<
g7pYyXJ5V~F3!%(fE#e-eE(Qm{2&`-mbsSJq}o5-uUIftHS7lw5c=4mSu<zugV2)p5OIe6#>U3>XV3Tm#U1toX(0Q|-dQsv_amFa@rfy;Wuvh$P|gmhcVAlC
vwe+4Z$H#l*R+E40`Xp;ar@Tv-WFj_Ok0zdmIk)h*tmE<1Cc<p&HTciL(K|6CfIFf&+zP5`_j($$97^K$W6#<1FuX~NQqZ20{O?LG%wqZ!KN69^?^hpLlOf3
w3~Cy
        """,
        475,
        PLAIN,
    ),
}
