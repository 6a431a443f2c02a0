import pytest

from node.main import main

ENGLISH = ("Usage:", "Options:", "Commands:", "Show this", "No such", "Invalid", "Missing", "TEXT")


@pytest.mark.parametrize(
    "line", [["--help"], ["init", "-h"], ["run", "-h"], ["doctor", "-h"], ["auditor", "add", "-h"]]
)
def test_the_help_of_a_node_is_french_to_the_last_word(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 0
    shown = capsys.readouterr().out
    assert "Usage : ronde-node" in shown
    assert "Affiche cette aide." in shown
    assert [word for word in ENGLISH if word in shown] == []


@pytest.mark.parametrize(
    ("line", "french", "english"),
    [
        (["inti"], "pas de telle commande", "no such command"),
        (["run", "--foldr"], "Vouliez-vous dire : --folder", "Did you mean: --folder"),
        (["run", "--gates", "many"], "entier de 0 à 64", "from 0 to 64"),
        (["init", "--officers-needed", "x"], "à --officers-needed", "to --officers-needed"),
        (["init", "--name"], "--name attend une valeur", "--name needs a value"),
        (["auditor", "add"], "Il manque CLÉ", "KEY is missing"),
        (["doctor", "x"], "« ronde-node doctor --help »", "'ronde-node doctor --help'"),
    ],
)
def test_a_mistyped_line_is_explained_in_one_language(
    line: list[str], french: str, english: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, part in (("fr", french), ("en", english)):
        assert main(["--lang", lang, *line]) == 2
        said = capsys.readouterr().err
        assert part in said
        if lang == "fr":
            assert [word for word in ENGLISH if word in said] == []


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["auditor"]) == 2
    assert "Commandes" in capsys.readouterr().err
