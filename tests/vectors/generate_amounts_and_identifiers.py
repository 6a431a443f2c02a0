"""Writes spec/vectors/0002-amounts-and-identifiers: run it again and nothing changes."""

import hashlib
import json
from pathlib import Path

from protocol import identifiers
from protocol.amounts import AmountError, format_amount, parse_amount, parse_decimal_text
from protocol.errors import EncodingError
from protocol.identifiers import TextKind

Case = dict[str, object]

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0002-amounts-and-identifiers"

# name, what is typed, decimals of the unit
TYPED = [
    ("comma", "12,50", 2),
    ("point", "12.50", 2),
    ("whole", "12", 2),
    ("one-decimal", "12,5", 2),
    ("cent", "0,01", 2),
    ("grouped-with-space", "1 234,50", 2),
    ("grouped-with-no-break-space", "1\u00a0234,50", 2),
    ("grouped-with-narrow-no-break-space", "1\u202f234\u202f567,89", 2),
    ("spaces-around", "\u00a0 12,50 \u202f", 2),
    ("zeros-before", "007,50", 2),
    ("no-decimals-unit", "1 234", 0),
    ("three-decimals-unit", "1,234", 3),
    ("largest", "90071992547409,91", 2),
    ("empty_fail", "", 2),
    ("spaces-only_fail", " \u00a0", 2),
    ("too-long_fail", "1" * 41, 2),
    ("minus_fail", "-5", 2),
    ("plus_fail", "+5", 2),
    ("typographic-minus_fail", "\u22125", 2),
    ("letters_fail", "12 euros", 2),
    ("exponent_fail", "1e3", 2),
    ("arabic-digits_fail", "\u0661\u0662", 2),
    ("full-width-digits_fail", "\uff11\uff12", 2),
    ("thin-space_fail", "1\u2009234", 2),
    ("apostrophe-groups_fail", "1'234", 2),
    ("english-groups_fail", "1,234.50", 2),
    ("german-groups_fail", "1.234,50", 2),
    ("two-commas_fail", "1,234,50", 2),
    ("groups-of-two_fail", "12 34", 2),
    ("group-of-four-first_fail", "1234 567", 2),
    ("two-spaces_fail", "1  234", 2),
    ("space-in-decimals_fail", "1,2 3", 2),
    ("nothing-before-comma_fail", ",50", 2),
    ("nothing-after-comma_fail", "12,", 2),
    ("comma-alone_fail", ",", 2),
    ("english-thousand_fail", "1,234", 2),
    ("decimals-of-a-whole-unit_fail", "1,5", 0),
    ("zero_fail", "0", 2),
    ("zero-with-decimals_fail", "0,00", 2),
    ("above-the-largest_fail", "90071992547409,92", 2),
]
DECIMAL = [
    ("plain", "12.50", 2),
    ("fewer-decimals", "12.5", 2),
    ("whole", "12", 2),
    ("zero", "0.00", 2),
    ("negative", "-3.20", 2),
    ("no-decimals", "-42", 0),
    ("six-decimals", "0.000001", 6),
    ("largest", "90071992547409.91", 2),
    ("smallest", "-90071992547409.91", 2),
    ("empty_fail", "", 2),
    ("too-long_fail", "1" * 41, 2),
    ("comma_fail", "12,50", 2),
    ("plus_fail", "+1.00", 2),
    ("zero-before_fail", "01.00", 2),
    ("space_fail", " 1.00", 2),
    ("line-feed_fail", "1.00\n", 2),
    ("exponent_fail", "1e2", 2),
    ("no-whole_fail", ".50", 2),
    ("point-last_fail", "1.", 2),
    ("too-many-decimals_fail", "1.234", 2),
    ("minus-zero_fail", "-0.00", 2),
    ("above-the-largest_fail", "90071992547409.92", 2),
]
# name, minor units, decimals, separator, group
PRINTED = [
    ("cents", 1250, 2, ",", ""),
    ("below-one", 5, 2, ",", ""),
    ("zero", 0, 2, ",", ""),
    ("negative", -320, 2, ",", ""),
    ("negative-below-one", -1, 2, ",", ""),
    ("groups", 123_456_789, 2, ",", "\u202f"),
    ("no-decimals", 1234, 0, ",", " "),
    ("three-decimals", 72_671_889_614, 3, ",", "\u202f"),
    ("english", 123_450, 2, ".", ","),
    ("json", -123_450, 2, ".", ""),
]
TITLES = [
    ("bretagne", "Bretagne"),
    ("rhone", "Rhône"),
    ("ile-de-france", "Île-de-France"),
    ("apostrophe", "Pays de l’Adour"),
    ("ligature", "Cœur d'Œuvre"),
    ("sharp-s", "Straße 7"),
    ("decomposed", "E\u0301toile"),
    ("already-a-name", "alice.b_2-c"),
    ("long", "Société coopérative d'intérêt collectif du Haut-Doubs"),
    ("dots-around", "...Alsace!"),
    ("nothing-left_fail", "—!"),
    ("other-script_fail", "Ελλάδα"),
]
ADDRESSES = [
    ("two-names", "alice@bretagne"),
    ("dots-and-digits", "7.alice_b-c@bretagne.coop"),
    ("one-letter", "a@b"),
    ("longest", "a" * 31 + "@" + "b" * 31),
    ("no-at_fail", "alice"),
    ("two-ats_fail", "alice@bretagne@rhone"),
    ("upper-case_fail", "Alice@bretagne"),
    ("no-name_fail", "@bretagne"),
    ("no-cooperative_fail", "alice@"),
    ("dot-first_fail", ".alice@bretagne"),
    ("too-long_fail", "a" * 32 + "@bretagne"),
    ("accent_fail", "andré@bretagne"),
    ("homoglyph_fail", "\u0430lice@bretagne"),
    ("space_fail", "alice @bretagne"),
    ("line-feed_fail", "alice@bretagne\n"),
]


def _amounts() -> list[Case]:
    cases: list[Case] = []
    for kind, table, read in (
        ("typed", TYPED, parse_amount),
        ("decimal", DECIMAL, parse_decimal_text),
    ):
        for name, text, decimals in table:
            case: Case = {"name": f"{kind}-{name}", "comment": "", "kind": kind}
            case |= {"text": text, "decimals": decimals}
            try:
                case["minor"] = read(text, decimals)
                case["comment"] = "is this number of minor units"
            except AmountError as error:
                case["reason"] = error.reason.value
                case["comment"] = "is refused for this reason"
            assert name.endswith("_fail") == ("reason" in case), name
            cases.append(case)
    for name, minor, decimals, separator, group in PRINTED:
        text = format_amount(minor, decimals, separator=separator, group=group)
        cases.append(
            {"name": f"printed-{name}", "comment": "is printed like this", "kind": "printed"}
            | {"minor": minor, "decimals": decimals, "separator": separator, "group": group}
            | {"text": text}
        )
    return cases


def _texts() -> list[Case]:
    cases: list[Case] = []
    samples = {
        TextKind.ACCOUNT: bytes(range(16)),
        TextKind.COOPERATIVE: hashlib.sha256(b"Bretagne").digest(),
        TextKind.KEY: bytes(range(32)),
        TextKind.DOCUMENT: b"\xff" * 32,
    }
    for kind, raw in samples.items():
        case: Case = {"name": f"text-{kind.value}", "comment": "both ways", "kind": kind.value}
        cases.append(case | {"text": identifiers.to_text(kind, raw), "bytes": raw.hex()})
    good = identifiers.to_text(TextKind.ACCOUNT, samples[TextKind.ACCOUNT])
    upper: Case = {"name": "text-upper-case", "comment": "as QR codes prefer", "kind": "memb"}
    cases.append(upper | {"text": good.upper(), "bytes": samples[TextKind.ACCOUNT].hex()})
    wrong = {
        "one-letter": (good[:-1] + ("q" if good[-1] != "q" else "p"), "mistyped"),
        "two-swapped": (good[:7] + good[8] + good[7] + good[9:], "letters in another order"),
        "mixed-case": (good[:5].upper() + good[5:], "half upper case"),
        "another-kind": (identifiers.to_text(TextKind.KEY, bytes(32)), "a key, not an account"),
        "alphabet": (good[:8] + "b" + good[9:], "b is not in the alphabet"),
        "not-ascii": (good[:8] + "é" + good[9:], "a letter outside ASCII"),
        "cut": (good[:-3], "the end is missing"),
        "prefix-only": ("memb1", "no symbols at all"),
        "empty": ("", "nothing"),
        "space": (good + " ", "a space after it"),
        "bech32": (_other_text("memb", bytes(range(16)), 1), "the checksum of plain bech32"),
        "seventeen-bytes": (_other_text("memb", bytes(17), 0x2BC830A3), "one byte too many"),
        "bits-left": (_other_text("memb", bytes(range(16)), 0x2BC830A3, 1), "padding not zero"),
    }
    for name, (text, comment) in wrong.items():
        case = {"name": f"text-{name}_fail", "comment": comment, "kind": "memb", "text": text}
        cases.append(case | {"error": "EncodingError"})
    return cases


def _other_text(prefix: str, raw: bytes, constant: int, padding: int = 0) -> str:
    """Return a checked text made by hand, wrong in one way: a second opinion on `to_text`."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = len(raw) * 8
    spare = -bits % 5
    number = int.from_bytes(raw, "big") << spare | padding
    symbols = [number >> shift & 31 for shift in range(bits + spare - 5, -1, -5)]
    checked = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + symbols
    state = 1
    for value in checked + [0] * 6:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            state ^= term if top >> place & 1 else 0
    state ^= constant
    symbols += [state >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(alphabet[symbol] for symbol in symbols)


def _names() -> list[Case]:
    cases: list[Case] = []
    for name, title in TITLES:
        case: Case = {"name": f"slug-{name}", "comment": "name of a title"}
        case["title"] = title
        try:
            case["slug"] = identifiers.slug(title)
        except EncodingError:
            case["error"] = "EncodingError"
        cases.append(case)
    for name, text in ADDRESSES:
        case = {"name": f"address-{name}", "comment": "name@cooperative", "address": text}
        try:
            case["parts"] = list(identifiers.parse_address(text))
        except EncodingError:
            case["error"] = "EncodingError"
        cases.append(case)
    for case in cases:
        assert str(case["name"]).endswith("_fail") == ("error" in case), case
    return cases


def _derived() -> list[Case]:
    cases: list[Case] = []
    for role in ("cooperative", "suspense"):
        digest = hashlib.sha256(b"ronde/account/v1\x00" + role.encode()).hexdigest()
        case: Case = {"name": f"reserved-{role}", "comment": "the same in every book", "role": role}
        cases.append(case | {"account": digest[:32]})
    for title in ("Bretagne", "Rhône"):
        coop = hashlib.sha256(title.encode()).digest()
        digest = hashlib.sha256(b"ronde/correspondent/v1\x00" + coop).hexdigest()
        case = {"name": f"correspondent-{identifiers.slug(title)}", "comment": "of a neighbour"}
        cases.append(case | {"cooperative": coop.hex(), "account": digest[:32]})
    return cases


def documents() -> dict[str, dict[str, object]]:
    """Return every vector file by its name."""
    about = {
        "amounts.json": ("Amounts typed, printed, and as decimal text", _amounts()),
        "texts.json": ("Checked texts of identifiers (bech32m)", _texts()),
        "names.json": ("Names, titles and addresses", _names()),
        "derived.json": ("Accounts whose id is derived", _derived()),
    }
    return {
        file: {"spec": "0002", "about": words, "cases": cases}
        for file, (words, cases) in about.items()
    }


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, document in documents().items():
        text = json.dumps(document, ensure_ascii=True, indent=1)
        (FOLDER / file).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
