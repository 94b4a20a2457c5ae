"""What a model is asked when it is checked: invented places, so that no model knows them."""

from __future__ import annotations

from typing import NamedTuple


class Citing(NamedTuple):
    """A question over marked sources; `keys` are words that only the source of that number has."""

    question: str
    sources: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def evidence(self) -> str:
        return "\n".join(f"[S{n}] {text}" for n, text in enumerate(self.sources, start=1))


CITING = (
    Citing(
        "Who may use the mill, and when?",
        (
            "The Mill Ordinance (Council of Orvane, 4 May 1911, in force; Article 2): Farmers of "
            "the valley may use the mill from March to October.",
            "The miller's petition (Miller of Orvane, 2 June 1912, official position; "
            "paragraph 3): The miller asks that strangers pay a fee of 5 crowns.",
            "The bridge report (Surveyor of Tamm, 1 July 1910, recorded; page 2): The stone "
            "bridge needs new beams.",
        ),
        ("farmers", "petition|miller asks|strangers", "bridge|surveyor"),
    ),
    Citing(
        "How long is the lighthouse lit?",
        (
            "The keeper's diary (Keeper of Sund, 9 January 1903, recorded; page 14): The keeper "
            "counted 40 ships in one night.",
            "The Coast Act (Assembly of Sund, 12 March 1902, in force; Article 7): The lighthouse "
            "shall be lit from dusk until dawn.",
            "A sailor's article (Journal of Sund, 3 April 1904, opinion; paragraph 1): A sailor "
            "thinks that the lamp is too weak in fog.",
        ),
        ("diary|40 ships|counted", "coast act|dusk|dawn", "sailor|fog"),
    ),
    Citing(
        "What did the two towns propose about the well?",
        (
            "The letter of Nerrin (Town of Nerrin, 5 May 1921, draft proposal; paragraph 2): "
            "Nerrin proposes that the well be closed at night.",
            "The reply of Colbek (Town of Colbek, 8 June 1921, draft proposal; paragraph 4): "
            "Colbek proposes that the well be deepened by 6 metres.",
        ),
        ("night|letter of nerrin", "deepened|reply of colbek"),
    ),
)


class Judging(NamedTuple):
    """A text, a statement that it supports, and one that it does not."""

    text: str
    true: str
    false: str


_ORCHARD = (
    "The Orchard Treaty of 1908 was signed by Velm and Istra. Velm shall deliver 300 crates of "
    "apples to Istra each autumn. Istra may refuse crates that arrive after November. The treaty "
    "does not cover pears. Istra pays Velm in salt."
)
_RAIL = (
    "The railway commission met in Dorst on 4 June. Its chairman, Anton Reel, said that the line "
    "to Kelm would be finished before winter. The mayor of Kelm doubted it. The commission "
    "rejected a second track, because money was short. A station at Lower Kelm was approved."
)

JUDGING = (
    Judging(_ORCHARD, "Velm delivers apples to Istra.", "Istra delivers apples to Velm."),
    Judging(_ORCHARD, "Istra is due 300 crates of apples each autumn.",
            "Istra is due 500 crates of apples each autumn."),
    Judging(_ORCHARD, "Crates that come after November may be refused.",
            "Crates that come after November must be accepted."),
    Judging(_ORCHARD, "The treaty leaves out pears.", "The treaty covers pears as well."),
    Judging(_ORCHARD, "Istra gives salt for the apples.", "Istra gives gold for the apples."),
    Judging(_ORCHARD, "Two parties signed the Orchard Treaty.",
            "Three parties signed the Orchard Treaty."),
    Judging(_RAIL, "The commission came together in Dorst.",
            "The commission came together in Kelm."),
    Judging(_RAIL, "Anton Reel expected the line to be finished before winter.",
            "The mayor of Kelm expected the line to be finished before winter."),
    Judging(_RAIL, "No second track was accepted.", "A second track was accepted."),
    Judging(_RAIL, "Lack of money spoke against a second track.",
            "Lack of workers spoke against a second track."),
    Judging(_RAIL, "Lower Kelm gets a station.", "Lower Kelm gets no station."),
    Judging(_RAIL, "Kelm's mayor was not convinced.", "Kelm's mayor was convinced."),
)


class Finding(NamedTuple):
    """A question, a text that states its answer, and a near one that does not."""

    question: str
    answers: str
    misses: str


FINDING = (
    Finding("How many ships may Ostrel keep?", "Ostrel may keep no more than 14 ships.",
            "Ostrel built its ships in the yard of Penn."),
    Finding("When was the treaty of Lumm signed?", "The treaty of Lumm was signed on 3 May 1887.",
            "The treaty of Lumm has nine articles and a map."),
    Finding("Who leads the council of Brenn?", "The council of Brenn is led by Marta Oll.",
            "The council of Brenn meets on the first Monday of a month."),
    Finding("Why was the market closed?", "The market was closed because of the flood.",
            "The market was closed for three weeks and opened again in April."),
    Finding("What did the baker ask for?", "The baker asked for a lower tax on flour.",
            "The baker has lived in the old town since 1890."),
    Finding("May strangers fish in the lake?", "Strangers may fish in the lake with a permit.",
            "The lake is two miles long, and its water is clear."),
    Finding("How high is the tower of Gell?", "The tower of Gell is 42 metres high.",
            "The tower of Gell was painted white last year."),
    Finding("What did Tarn reply to the offer?", "Tarn replied that it rejects the offer.",
            "The offer was sent to Tarn by a messenger on horseback."),
    Finding("Where do the rangers live?", "The rangers live in a hut at the Red Pass.",
            "The rangers wear green coats and carry a horn."),
    Finding("Is the road to Hask open in winter?", "In winter the road to Hask is closed.",
            "The road to Hask was built by two hundred workers."),
    Finding("What does the toll cost?", "A cart pays a toll of two crowns.",
            "The toll is collected by the gatekeeper's son."),
    Finding("Who opposed the dam?", "The fishers of Ploen opposed the dam.",
            "The dam was finished after six years of work."),
)

# Put together anew each time, so that no server has them cached.
WORDS = (
    "harbour valley council bridge letter winter salt timber river market mayor ordinance crane "
    "barrel ferry orchard tower witness quarrel ledger lantern meadow anchor village journey "
    "merchant harvest chapel border signal garden captain"
).split()
