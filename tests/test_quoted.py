"""What an article quotes is given in the words of the text itself, where that is held."""

from collections.abc import Callable
from pathlib import Path

from assistant.answering import Assistant
from assistant.settings import Settings

CLAUSE = "Each city shall keep twelve ships in the harbour, of which four may carry guns"


def test_the_text_itself_speaks_in_place_of_the_article_that_quotes_it(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("treaty", f"## Article 9\n\n{CLAUSE}.\n", title="Treaty of Ardal", kind="treaty")
    write_source(
        "column", f'Nobody reads the harbour ships rule any more. The treaty says: "{CLAUSE}." '
        "Ships with guns in the harbour are a danger to the bakers of the harbour.",
        title="Ships, guns and bakers", kind="article", voice="Otto Summer",
    )
    write_source("letter", "The harbour master counted nine ships with guns on Monday.",
                 title="Letter", kind="official_statement")
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    answer = assistant.ask("How many ships with guns in the harbour, according to Otto Summer?")
    cited = [(c.passage.source.id, c.quote) for c in answer.citations]
    assert cited[0] == ("treaty", f"{CLAUSE}.")
    assert any(source == "column" for source, _ in cited)


def test_a_formula_that_many_texts_use_is_no_quotation(
    write_source: Callable[..., Path], settings_for: Callable[..., Settings], tmp_path: Path
) -> None:
    write_source("treaty", "The parties, meeting in the old town hall of Ardal, end the war.",
                 title="Treaty of Ardal", kind="treaty")
    write_source(
        "column", "The parties, meeting in the old town hall of Ardal in the rain and without any "
        "bread, were in no mood to speak with the bakers about the price of flour.",
        title="Bread and bakers", kind="article", voice="Otto Summer",
    )
    assistant = Assistant.open(settings_for(corpus=tmp_path / "corpus"))
    answer = assistant.ask("Why were the bakers of Ardal not spoken with about the price of flour?")
    assert answer.evidence[0].passage.source.id == "column"
    assert answer.evidence[0].best
