"""Writes spec/vectors/0014-set-offs: run it again and nothing changes."""

from protocol.identifiers import correspondent_account
from tests.protocol.ring import Ring
from tests.protocol.town import ZERO, Cooperative, changed
from tests.vectors.papers import Case, Step, logs_of, story, write

FOLDER = "0014-set-offs"
RING = Ring()
ONE, TWO, THREE = RING.coops
VOTES = [RING.ballot(witness) for witness in RING.panel]


def _balances(left: int) -> dict[str, dict[bytes, int]]:
    return {
        coop.name: {
            correspondent_account(RING.coops[(place + 1) % 3].id): left,
            correspondent_account(RING.coops[place - 1].id): -left,
        }
        for place, coop in enumerate(RING.coops)
    }


def _cycles() -> list[Case]:
    consents: list[Step] = [(coop, RING.consent(coop), 0) for coop in RING.coops]
    settled: list[Step] = [(coop, RING.certificate(coop), 0) for coop in RING.coops]
    quorum: Step = (ONE, RING.certificate(ONE, ballots=VOTES[1:]), 0)
    again: Step = (ONE, RING.certificate(ONE), 32)
    half = {ONE.name: _balances(200)[ONE.name], TWO.name: _balances(500)[TWO.name]}
    return [
        story("reserved", "consents move nothing", consents, _balances(500)),
        story("certified", "each debt falls by 300", [*consents, *settled], _balances(200)),
        story("quorum", "three ballots of four decide", [*consents, quorum], half),
        story("certified-twice_fail", "settled already", [*consents, *settled, again], {}),
        story("no-consent_fail", "we did not consent",
               [(ONE, RING.certificate(ONE), 32)], _balances(500)),
    ]  # fmt: skip


def _consents() -> list[Case]:
    share = RING.share(ONE)
    far = Cooperative("far")

    def refused(name: str, comment: str, sealed: bytes, refusal: int) -> Case:
        return story(f"{name}_fail", comment, [(ONE, sealed, refusal)], _balances(500))

    over, strange = changed(share, amt=501), changed(share, creditor=far.id)
    rest = changed(share, amt=201, tx=ZERO)
    taken: Step = (ONE, RING.consent(ONE), 0)
    return [
        refused("beyond", "more than is owed", RING.consent(ONE, over), 31),  # type: ignore[arg-type]
        refused("no-line", "with a stranger", RING.consent(ONE, strange), 15),  # type: ignore[arg-type]
        refused("twice", "one cycle two times", RING.consent(ONE, share, share), 30),
        refused("by-another", "of another cooperative", RING.consent(TWO), 2),
        story("again_fail", "entered already", [taken, (ONE, RING.consent(ONE), 30)], {}),
        story("reserved_fail", "300 of 500 are reserved, 201 asked",
              [taken, (ONE, RING.consent(ONE, rest), 31)], {}),  # type: ignore[arg-type]
    ]  # fmt: skip


def _certificates() -> list[Case]:
    consents = [RING.consent(coop) for coop in RING.coops]
    other = RING.consent(THREE, RING.share(THREE, amt=299))
    late = RING.ballot(RING.panel[2], iat=RING.terms.exp + 1)
    stranger = RING.ballot(Cooperative("stranger"), by=RING.panel[2].id)
    samples = [
        ("consent-missing", "two of three", {"consents": consents[:2]}),
        ("consents-swapped", "not in the cycle's order", {"consents": consents[::-1]}),
        ("consent-amount", "to another amount", {"consents": [*consents[:2], other]}),
        ("ballots-two", "of four: no quorum", {"ballots": VOTES[:2]}),
        ("ballot-twice", "one witness counts once", {"ballots": [*VOTES[:2], VOTES[1]]}),
        ("ballot-late", "after the deadline", {"ballots": [*VOTES[:2], late]}),
        ("ballot-stranger", "with the key of another", {"ballots": [*VOTES[:2], stranger]}),
    ]
    reserved: list[Step] = [(ONE, consents[0], 0)]
    return [
        story(f"{name}_fail", comment, [*reserved, (ONE, RING.certificate(ONE, **change), 33)],
              _balances(500))
        for name, comment, change in samples
    ]  # fmt: skip


def _quorums() -> list[Case]:
    needed = {2: 2, 3: 3, 4: 3, 5: 4, 6: 4, 7: 5, 8: 6, 9: 6, 10: 7}
    return [
        {"name": f"panel-{seats}", "comment": f"{(seats - 1) // 3} may be dishonest"}
        | {"seats": seats, "ballots": ballots}
        for seats, ballots in needed.items()
    ]


if __name__ == "__main__":
    everything = _cycles() + _consents() + _certificates()
    given = logs_of(*RING.coops)
    write(FOLDER, "entries.json", "Consents and certificates of one cycle", everything, given=given)
    write(FOLDER, "quorums.json", "How many ballots of a panel decide", _quorums())
