"""Writes spec/vectors/0019-debt-files: run it again and nothing changes.

Bytes are put together here with `struct` and `msgpack` from the definitions of the spec, so that
the vectors are a second opinion on `cli` and not its echo.
"""

import hashlib
import json
import struct
from pathlib import Path

import msgpack

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "0019-debt-files"

Case = dict[str, object]
Debt = tuple[str, str, int]

RING: list[Debt] = [
    ("rhone", "alsace", 7000),
    ("alsace", "bretagne", 10000),
    ("bretagne", "rhone", 8000),
]
ONE_WAY: list[Debt] = [("a", "b", 5), ("b", "c", 9), ("a", "b", 2)]
ACCENTS: list[Debt] = [("Île", "zone", 4), ("zone", "Zone", 4), ("Zone", "Île", 9)]
FILES: dict[str, tuple[list[Debt], int]] = {
    "ring_of_three": (RING, 2),
    "nothing_runs_in_a_circle": (ONE_WAY, 0),
    "names_beyond_ascii": (ACCENTS, 3),
    "the_largest_sum": ([("a", "b", 2**63 - 2), ("b", "a", 1)], 6),
    "no_debts": ([], 0),
}
SALT = bytes(range(32))


def names_of(debts: list[Debt]) -> list[str]:
    return sorted({name for debt in debts for name in debt[:2]}, key=str.encode)


def columns(debts: list[Debt], names: list[str]) -> tuple[bytes, bytes, bytes]:
    count = len(debts)
    return (
        struct.pack(f"<{count}i", *[names.index(debtor) for debtor, _, _ in debts]),
        struct.pack(f"<{count}i", *[names.index(creditor) for _, creditor, _ in debts]),
        struct.pack(f"<{count}q", *[amount for _, _, amount in debts]),
    )


def sized(names: list[str]) -> bytes:
    return b"".join(struct.pack(">H", len(name.encode())) + name.encode() for name in names)


def hashed(debts: list[Debt], decimals: int) -> bytes:
    names = names_of(debts)
    head = b"ronde/debts/v1\0" + struct.pack(">BII", decimals, len(names), len(debts))
    return head + sized(names) + b"".join(columns(debts, names))


def packed(
    debts: list[Debt], decimals: int, names: list[str] | None = None, **other: object
) -> str:
    names = names_of(debts) if names is None else names
    debtors, creditors, amounts = columns(debts, names)
    fields = {"v": 1, "decimals": decimals, "names": names, "debtors": debtors}
    fields |= {"creditors": creditors, "amounts": amounts, **other}
    content: bytes = msgpack.packb({key: fields[key] for key in fields if fields[key] is not None})
    return content.hex()


def file_cases() -> list[Case]:
    read = [
        {"name": name, "comment": "read as written", "file": packed(debts, decimals),
         "names": names_of(debts), "debts": debts, "decimals": decimals}
        for name, (debts, decimals) in FILES.items()
    ]  # fmt: skip
    shuffled = ["rhone", "alsace", "unheard", "bretagne"]
    read.append(
        {"name": "names_in_any_order", "comment": "a member may have no debt",
         "file": packed(RING, 2, shuffled), "names": sorted(shuffled), "debts": RING,
         "decimals": 2}
    )  # fmt: skip
    two = ["a", "b"]
    refused: list[tuple[str, str, int, str]] = [
        ("columns_of_different_lengths", "packed", 0, packed(RING, 2, amounts=bytes(16))),
        ("half_a_number", "packed", 0, packed(RING, 2, amounts=bytes(23))),
        ("a_name_twice", "packed", 0, packed([("a", "b", 1)], 0, ["a", "b", "a"])),
        ("a_place_of_no_name", "places", 1, packed([("a", "b", 1)], 0, two,
                                                    creditors=struct.pack("<i", 2))),
        ("a_place_below_zero", "places", 1, packed([("a", "b", 1)], 0, two,
                                                    debtors=struct.pack("<i", -1))),
        ("an_empty_name", "name", 0, packed([("", "b", 1)], 0)),
        ("a_name_too_long", "name", 0, packed([("x" * 201, "b", 1)], 0)),
        ("a_name_with_a_space_at_its_end", "name", 0, packed([("a ", "b", 1)], 0)),
        ("a_debt_to_oneself", "self_debt", 2, packed([("a", "b", 1), ("b", "b", 1)], 0)),
        ("nothing_owed", "not_positive", 1, packed([("a", "b", 0)], 0)),
        ("less_than_nothing_owed", "not_positive", 1, packed([("a", "b", -(2**63))], 0)),
        ("a_sum_beyond_63_bits", "total", 2, packed([("a", "b", 2**63 - 1), ("b", "a", 1)], 0)),
        ("seven_decimals", "packed", 0, packed(RING, 7)),
        ("another_version", "packed", 0, packed(RING, 2, v=2)),
        ("a_field_is_missing", "packed", 0, packed(RING, 2, amounts=None)),
        ("a_field_too_many", "packed", 0, packed(RING, 2, memo="")),
        ("not_messagepack", "packed", 0, b"debtor,creditor,amount\n".hex()),
        ("no_bytes", "packed", 0, ""),
    ]  # fmt: skip
    return read + [
        {"name": f"{name}_fail", "comment": "refused; row 0 is the whole file", "file": content,
         "fault": fault, "row": row}
        for name, fault, row, content in refused
    ]  # fmt: skip


def digest_cases() -> list[Case]:
    return [
        {"name": name, "comment": "what is hashed, and the digest", "debts": debts,
         "decimals": decimals, "hashed": hashed(debts, decimals).hex(),
         "digest": hashlib.sha256(hashed(debts, decimals)).hexdigest()}
        for name, (debts, decimals) in FILES.items()
    ]  # fmt: skip


def certificate(cancelled: list[int], proof: list[int], **other: object) -> str:
    fields: dict[str, object] = {
        "debts": hashlib.sha256(hashed(RING, 2)).digest(),
        "flow": struct.pack(f"<{len(cancelled)}q", *cancelled),
        "potentials": struct.pack(f"<{len(proof)}q", *proof),
        "v": 1,
    }
    fields |= other
    content: bytes = msgpack.packb({key: fields[key] for key in sorted(fields)})
    return content.hex()


def salted() -> str:
    """Prove the ring under a salt: a step up gains 2**40 less the tie of its arc."""
    ties = {}
    for debtor, creditor, _ in RING:
        content = b"ronde/tie/v1\0" + SALT + sized([debtor, creditor])
        ties[debtor, creditor] = int.from_bytes(hashlib.sha256(content).digest()[:3], "big") >> 4
    first = 2**40 - ties["alsace", "bretagne"]
    second = first + 2**40 - ties["bretagne", "rhone"]
    return certificate([7000] * 3, [0, first, second], salt=SALT)


def certificate_cases() -> list[Case]:
    sound = certificate([7000] * 3, [0, 1, 2])
    backward = msgpack.packb(dict(reversed(msgpack.unpackb(bytes.fromhex(sound)).items())))
    flow = [7000] * 3
    cases = [
        ("the_ring", sound, 0, "holds"),
        ("the_ring_under_a_salt", salted(), 0, "holds"),
        ("other_potentials_that_prove_it", certificate(flow, [5, 6, 7]), 0, "not the least ones"),
        ("one_unit_less_fail", certificate([6999] * 3, [0, 1, 2]), 5, "a better one exists"),
        (
            "one_arc_more_fail",
            certificate([7001, 7000, 7000], [0, 1, 2]),
            5,
            "a net position moves",
        ),
        ("more_than_owed_fail", certificate([8001] * 3, [0, 1, 2]), 5, "flow out of bounds"),
        ("less_than_nothing_fail", certificate([-1] * 3, [0, 1, 2]), 5, "flow out of bounds"),
        ("nothing_cancelled_fail", certificate([0] * 3, [0, 0, 0]), 5, "a better one exists"),
        ("a_potential_changed_fail", certificate(flow, [0, 2, 2]), 5, "the proof does not fit"),
        ("a_potential_below_zero_fail", certificate(flow, [-1, 0, 1]), 5, "they begin at 0"),
        ("a_potential_out_of_bounds_fail", certificate(flow, [2**62, 1, 2]), 5, "overflow"),
        ("an_arc_too_few_fail", certificate(flow[:2], [0, 1, 2]), 5, "of another graph"),
        ("a_member_too_many_fail", certificate(flow, [0, 1, 2, 3]), 5, "of another graph"),
        (
            "plain_proof_under_a_salt_fail",
            certificate(flow, [0, 1, 2], salt=SALT),
            5,
            "other costs",
        ),
        ("other_debts_fail", certificate(flow, [0, 1, 2], debts=bytes(32)), 5, "another digest"),
        ("a_short_digest_fail", certificate(flow, [0, 1, 2], debts=bytes(31)), 2, "malformed"),
        ("a_short_salt_fail", certificate(flow, [0, 1, 2], salt=bytes(16)), 2, "malformed"),
        ("no_salt_written_out_fail", certificate(flow, [0, 1, 2], salt=b""), 2, "not canonical"),
        ("half_a_number_fail", certificate(flow, [0, 1, 2], flow=bytes(25)), 2, "malformed"),
        ("fields_out_of_order_fail", backward.hex(), 2, "not canonical"),
        ("a_byte_too_many_fail", sound + "00", 2, "not canonical"),
        ("another_version_fail", certificate(flow, [0, 1, 2], v=2), 2, "another version"),
        ("no_bytes_fail", "", 2, "malformed"),
    ]
    debts = "debtor,creditor,amount\n" + "".join(
        f"{debtor},{creditor},{amount // 100}.{amount % 100:02}\n"
        for debtor, creditor, amount in RING
    )
    return [
        {"name": name, "comment": comment, "file": debts.encode().hex(), "certificate": content,
         "exit": code}
        for name, content, code, comment in cases
    ]  # fmt: skip


def cycle_cases() -> list[Case]:
    rings = {
        "ring_of_three": (["alsace", "bretagne", "rhone"], 7000),
        "ring_of_two": (["a", "b"], 1),
        "names_beyond_ascii": (["Zone", "Île", "zone"], 2**63 - 1),
        "names_that_run_together": (["ab", "c"], 1),
        "names_that_run_together_otherwise": (["a", "bc"], 1),
    }
    cases: list[Case] = []
    for name, (members, amount) in rings.items():
        content = b"ronde/cycle/v1\0" + sized(members) + struct.pack(">q", amount)
        found = hashlib.sha256(content).hexdigest()[:16]
        cases.append(
            {"name": name, "comment": "what is hashed, and the id", "members": members,
             "amount": amount, "hashed": content.hex(), "id": found}
        )  # fmt: skip
    return cases


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = {
        "files": ("MessagePack files of debts, byte for byte", file_cases()),
        "digests": ("digests of debts", digest_cases()),
        "certificates": ("certificates: the exit code of the check", certificate_cases()),
        "cycles": ("ids of cycles", cycle_cases()),
    }
    for name, (about, cases) in files.items():
        content = {"spec": "0019", "about": about, "cases": cases}
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
