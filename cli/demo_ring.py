"""The people of the demonstration without a file: two a cooperative, who pay around the ring."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli import keystore, wallet_file
from cli.choices import Language
from cli.demo_trade import Member, Payment, Place
from cli.keystore import Seed
from cli.wallet_file import Wallet
from protocol.identifiers import TextKind, slug, to_text

UNIT: Final = "UEB"
DECIMALS: Final = 2
MEMBER_LIMIT: Final = 1_000_00
LINE_LIMIT: Final = 2_000_00
AROUND: Final = 420_00
AUDITOR: Final = "auditeur"
OFFICER: Final = "bureau"
PASSPHRASE_FILE: Final = "phrase-de-passe"  # noqa: S105 - the name of a file

FIRST_NAMES: Final = (
    ("Alice", "Yann"), ("Bob", "Lucie"), ("Carole", "Martin"), ("David", "Nadia"),
    ("Emma", "Louis"), ("Fanny", "Hugo"), ("Ghjulia", "Petru"), ("Henri", "Inès"),
    ("Jeanne", "Karim"), ("Léa", "Malik"), ("Noé", "Odile"), ("Paul", "Rose"),
)  # fmt: skip
_THINGS: Final = (
    ("miel", "honey"),
    ("charpente", "carpentry"),
    ("fromage", "cheese"),
    ("cours de piano", "piano lessons"),
    ("pain", "bread"),
    ("vélo réparé", "a mended bicycle"),
    ("traduction", "a translation"),
)
# (place of the payer on the ring, amount): beside the 420,00 that go all the way around.
_EXTRA: Final = ((0, 80_00), (2, 35_50))
_LOCAL: Final = 12_50


@dataclass(frozen=True, slots=True)
class Keys:
    """The seeds that the demonstration made with the real keystore.

    Attributes:
        officers: One a cooperative.
        members: Two a cooperative.
        auditor: The auditor's.
    """

    officers: list[Seed]
    members: list[list[Seed]]
    auditor: Seed


def new_keys(count: int, members: int) -> Keys:
    """Return fresh seeds for so many cooperatives with so many members each."""
    return Keys(
        [keystore.new_seed("fr") for _ in range(count)],
        [[keystore.new_seed("fr") for _ in range(members)] for _ in range(count)],
        keystore.new_seed("fr"),
    )


def new_passphrase(folder: Path) -> str:
    """Write a passphrase that locks every wallet of the demonstration, and return it."""
    passphrase = secrets.token_urlsafe(12)
    path = folder / PASSPHRASE_FILE
    path.touch(mode=0o600)
    path.write_text(passphrase + "\n", encoding="utf-8")
    return passphrase


def lock_seeds(seeds: Mapping[Path, Seed], passphrase: str) -> None:
    """Write a keystore into each folder, with the light strength; two at a time."""
    with ThreadPoolExecutor(2) as pool:
        steps = [
            pool.submit(keystore.create, folder, seed, passphrase, "interactive")
            for folder, seed in seeds.items()
        ]
        for step in steps:
            step.result()


def keep_office(folder: Path, seed: Seed, place: Place | None) -> None:
    """Write the public half of the wallet of an officer; of the auditor, without a place."""
    wallet_file.save_new(folder, _wallet(seed, "officer", "", None, place))


def keep_members(people: Sequence[Member], seeds: Sequence[Sequence[Seed]]) -> None:
    """Write the public half of the members' wallets, as they are after their admission."""
    flat = [seed for group in seeds for seed in group]
    for member, seed in zip(people, flat, strict=True):
        account = to_text(TextKind.ACCOUNT, member.account)
        wallet = _wallet(seed, "member", member.name, account, member.place)
        wallet_file.save_new(member.place.node.folder / member.name, wallet)


def _wallet(
    seed: Seed, role: wallet_file.Role, name: str, account: str | None, place: Place | None
) -> Wallet:
    return Wallet(
        role=role,
        name=name,
        account=account,
        cooperative_card=None if place is None else place.cooperative.sealed,
        node_url=None if place is None else place.node.url,
        key_number=0,
        key=keystore.public_key(seed, 0),
        next_digest=keystore.next_key_digest(seed, 0),
    )


def first_names(number: int) -> tuple[str, str]:
    """Return the names of the two members of a cooperative, by its place on the ring."""
    return FIRST_NAMES[number % len(FIRST_NAMES)]


def wallet_folders(folder: Path, names: Sequence[str], keys: Keys) -> dict[Path, Seed]:
    """Return the folder of every wallet of the demonstration, with its seed.

    Args:
        folder: Where everything is written.
        names: Of the cooperatives.
        keys: All seeds.
    """
    found = {folder / AUDITOR: keys.auditor}
    for number, name in enumerate(names):
        home = folder / slug(name)
        found[home / OFFICER] = keys.officers[number]
        for shown, seed in zip(first_names(number), keys.members[number], strict=False):
            found[home / slug(shown)] = seed
    return found


def ring_people(places: Sequence[Place], keys: Keys) -> list[Member]:
    """Return two members for each cooperative, in the order of the ring."""
    people = []
    for number, (place, seeds) in enumerate(zip(places, keys.members, strict=True)):
        for shown, seed in zip(first_names(number), seeds, strict=True):
            people.append(
                Member(
                    slug(shown),
                    shown,
                    place,
                    keystore.key_seed(seed, 0),
                    keystore.next_key_digest(seed, 0),
                )
            )
    return people


def ring_pairs(places: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return each cooperative with the next one on the ring."""
    following = [*places[1:], places[0]]
    pairs = list(zip(places, following, strict=True))
    # Between two there is one line, not two.
    return pairs if len(places) > 2 else pairs[:1]


def ring_payments(people: Sequence[Member], lang: Language) -> list[Payment]:
    """Return who pays whom: all the way around, a little more on some arcs, once at home.

    Args:
        people: As `ring_people` gives them.
        lang: Language of the purposes.
    """
    firsts, seconds = people[::2], people[1::2]
    count = len(firsts)

    def thing(number: int) -> str:
        return _THINGS[number % len(_THINGS)][lang == "en"]

    payments = [
        Payment(firsts[at], firsts[(at + 1) % count], AROUND, thing(at)) for at in range(count)
    ]
    payments += [
        Payment(seconds[at], seconds[(at + 1) % count], amount, thing(count + at))
        for at, amount in _EXTRA
        if at < count
    ]
    payments.append(Payment(firsts[0], seconds[0], _LOCAL, thing(4)))
    return payments
