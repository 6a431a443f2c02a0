"""`ronde clear`: the figures, the proof, the exit codes."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.choices import Language
from cli.clear import Wanted, run_clear
from cli.clear_report import share_millionths
from cli.debt_table import Amounts
from cli.failures import Failure
from federation.engine import Cleared
from federation.engine import clear as find
from federation.network import Network

RING = "debtor,creditor,amount\nA,B,100.00\nB,C,80.00\nC,A,70.00\n"
KEYS = [
    "v", "obligations", "participants", "gross_before", "cleared", "gross_after", "share",
    "optimal", "cycles", "seconds", "debts", "salt", "tiers",
]  # fmt: skip


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    path = tmp_path / "ring.csv"
    path.write_text(RING, encoding="utf-8")
    return path


def test_json_says_what_the_documentation_says(
    ring: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(ring, True, "fr") == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert list(answer) == KEYS
    assert isinstance(answer.pop("seconds"), float)
    assert len(bytes.fromhex(answer.pop("debts"))) == 32
    assert answer == {
        "v": 1,
        "obligations": 3,
        "participants": 3,
        "gross_before": "250.00",
        "cleared": "210.00",
        "gross_after": "40.00",
        "share": "0.840000",
        "optimal": True,
        "cycles": 1,
        "salt": None,
        "tiers": [
            {"tier": 0, "members": 1, "owed": "30.00"},
            {"tier": 1, "members": 1, "owed": "10.00"},
            {"tier": 2, "members": 1, "owed": "0.00"},
        ],
    }


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("fr", ["Compensation de ring.csv", "brut avant", "250,00", "210,00", "84,0000\u202f%",
                "boucles", "prouvé"]),
        ("en", ["Set-off of ring.csv", "gross before", "250.00", "210.00", "84.0000%", "cycles",
                "proven"]),
    ],
)  # fmt: skip
def test_a_person_reads_a_table(
    ring: Path, lang: Language, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(ring, False, lang) == 0
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []


@pytest.mark.parametrize("text", ["", "debtor,creditor,amount\n", "a,b,5\n"])
def test_where_nothing_can_be_cleared_nothing_is(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.csv"
    path.write_text(text, encoding="utf-8")
    assert run_clear(path, True, "fr") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["cleared"], answer["share"], answer["optimal"]) == ("0", "0.000000", True)


def test_a_missing_file_and_a_bad_one_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(tmp_path / "none.csv", True, "fr") == 3
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b,1\na,a,1\n", encoding="utf-8")
    assert run_clear(bad, True, "fr") == 2
    assert run_clear(bad, True, "en") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "le fichier « none.csv » n'existe pas",
        "ligne 2 : « a » se doit de l'argent à lui-même",
        "line 2: “a” owes money to itself",
    ]


Lie = Callable[[Network, Amounts | None], Cleared]


def too_little(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel one unit less all around: every net is right, the total is not the largest."""
    truth = find(network, ties)
    return Cleared(truth.flow - 1, truth.potentials)


def too_much(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel one unit more on one debt."""
    truth = find(network, ties)
    first = np.arange(network.arcs) == 0
    return Cleared(truth.flow + first, truth.potentials)


def beyond(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel more than is owed."""
    return Cleared(network.amounts + 1, find(network, ties).potentials)


def nothing(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel nothing."""
    return Cleared(np.zeros(network.arcs, np.int64), np.zeros(network.members, np.int64))


def unfounded(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel what is right, and prove it by nothing."""
    return Cleared(find(network, ties).flow, np.zeros(network.members, np.int64))


def measureless(network: Network, ties: Amounts | None) -> Cleared:
    """Cancel what is right, and prove it with numbers that overflow."""
    return Cleared(find(network, ties).flow, np.full(network.members, 2**61))


def another(network: Network, ties: Amounts | None) -> Cleared:
    """Prove something else."""
    return Cleared(np.zeros(0, np.int64), np.zeros(network.members, np.int64))


@pytest.mark.parametrize(
    ("lie", "french", "english"),
    [
        (too_little, "C → A : la preuve demande de tout compenser",
         "C → A: the proof asks to cancel all"),
        (too_much, "A : le solde net change de -0.01", "A: the net position changes by -0.01"),
        (beyond, "A → B : on ne peut compenser ni moins que rien ni plus que la dette",
         "A → B: neither less than nothing nor more than the debt can be cancelled"),
        (nothing, "A → B : la preuve demande de tout compenser",
         "A → B: the proof asks to cancel all"),
        (unfounded, "A → B : la preuve demande de tout compenser",
         "A → B: the proof asks to cancel all"),
        (measureless, "un potentiel dépasse les bornes", "a potential is out of bounds"),
        (another, "la preuve est celle d'un autre graphe", "the proof is of another graph"),
    ],
)  # fmt: skip
def test_a_solver_that_lies_is_found_out_and_no_figure_is_printed(
    ring: Path, lie: Lie, french: str, english: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = Wanted(certificate=ring.with_suffix(".cert"))
    assert run_clear(ring, True, "fr", wanted, lie) == 5
    assert run_clear(ring, True, "en", wanted, lie) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"VÉRIFICATION ÉCHOUÉE : la compensation calculée n'est pas l'optimum ({french})",
        f"VERIFICATION FAILED: the set-off found is not the optimum ({english})",
    ]
    assert not ring.with_suffix(".cert").exists()


def test_a_graph_that_does_not_fit_in_memory_may_be_tried_again_elsewhere(ring: Path) -> None:
    def full(network: Network, ties: Amounts | None) -> Cleared:
        raise MemoryError

    with pytest.raises(Failure) as caught:
        run_clear(ring, True, "fr", search=full)
    assert (caught.value.code, caught.value.key) == (4, "clear.memory")


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_share_is_rounded_to_the_nearest_and_never_up_to_the_whole(one: int, other: int) -> None:
    cleared, gross = sorted((one, other))
    share = share_millionths(cleared, gross)
    if cleared == gross:
        assert share == (10**6 if gross else 0)
    else:
        assert share < 10**6
        exact = Fraction(cleared, gross) * 10**6
        assert abs(share - exact) <= Fraction(1, 2) or share == 10**6 - 1


def test_sarafu_is_cleared_to_its_known_optimum(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_clear(shared_dir / "data" / "sarafu-debts.csv", True, "fr") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["obligations"], answer["participants"]) == (94_223, 37_677)
    assert answer["gross_before"] == "107886628.824"
    assert answer["cleared"] == "72671889.614"
    assert answer["gross_after"] == "35214739.210"
    assert answer["share"] == "0.673595"
    assert answer["optimal"] is True
