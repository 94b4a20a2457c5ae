"""The tab "Sources": what the corpus holds, and each source in full."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from assistant.answering import Assistant
from assistant.corpus.catalogue import read_corpus
from assistant.settings import bundled as bundled_folder
from assistant.types import Citation, Passage, Relation, Source, Span
from assistant.web.catalogue import (
    about_html,
    read,
    table_html,
    time_span,
    timeline_rows,
)
from assistant.web.reading import relations_html, source_html, text_html, web_link
from assistant.web.sources import card_html
from tests.browser.conftest import OpenPage, serving, to_tab
from tests.browser.test_html import HOSTILE, Seen
from tests.browser.test_page import (
    FOUNDING_ACT,
    LOCAL,
    click_example,
    lies_in_view,
    wait_until_answered,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HELD = read_corpus(bundled_folder("corpus")).sources
UNREAD = read_corpus(bundled_folder("corpus")).unread
SOURCES = len(HELD)
LISTED = SOURCES + len(UNREAD)
KORYBKO = "Russia's Response To The US & NATO Further Articulated Its Security Requests"
CHAIN = (
    "Russia's reaction of 17 February 2022 replies to the leaked US reply of 26 January 2022, "
    "which replies to Russia's draft treaty with the United States of 17 December 2021."
)


def made(id: str, text: str = "One.", **fields: Any) -> Source:
    known: dict[str, Any] = {
        "id": id, "title": f"Paper {id}", "kind": "official_reply", "voice": "Parties",
        "status": "issued", "text_kind": "original", "checked": "full_text", "text": text,
        "date": date(2000, 1, 2), **fields,
    }
    return Source(**known)


def related(*sources: Source) -> dict[str, str]:
    by_id = {source.id: source for source in sources}
    return {
        s.id: Seen(relations_html(s, by_id).replace("</p><p>", " ")).text for s in sources
    }


def replying(id: str, *to: str) -> Source:
    return made(id, relations=tuple(Relation(type="replies_to", to=other) for other in to))


def test_replies_are_followed_back_in_one_sentence(bundled: Assistant) -> None:
    told = related(*bundled.corpus.sources)
    assert CHAIN in told["russia-reaction-2022-02-17"]
    assert re.search(
        "[Cc]ommented on by [^.]*Korybko's article of 18 February 2022",
        told["russia-reaction-2022-02-17"],
    )
    assert "Endorsed by Security Council resolution 2202 of 17 February 2015." in told[
        "minsk-package-of-measures-2015"
    ]


def test_a_source_without_relations_says_nothing_of_them() -> None:
    assert related(made("a"), made("b")) == {"a": "", "b": ""}


def test_relations_in_a_circle_come_to_an_end() -> None:
    told = related(replying("a", "b"), replying("b", "c"), replying("c", "a"))
    assert (
        "Paper a of 2 January 2000 replies to Paper b of 2 January 2000, which replies to "
        "Paper c of 2 January 2000. Answered by Paper c of 2 January 2000."
    ) in told["a"]


def test_a_relation_names_the_provision_and_what_is_not_here() -> None:
    citing = made("a", relations=(
        Relation(type="amends", to="b", anchor="Article 5"),
        Relation(type="quotes", to="gone"), Relation(type="quotes", to="b"),
    ))
    told = related(citing, made("b", date=None))["a"]
    assert "Paper a of 2 January 2000 amends Article 5 of Paper b." in told
    assert "It also quotes gone (not in this corpus) and Paper b." in told


def test_the_full_text_holds_every_word_and_no_mark_of_the_format() -> None:
    text = "Lead <b>.\n\n## Article 1 {checked=secondary}\nFirst,\nsecond.\n\n* third & *fourth*\n"
    shown = text_html(text)
    assert "{checked" not in shown
    assert '<h3 id="read-0" tabindex="-1">Article 1</h3>' in shown
    assert '<p class="level">known from secondary reports</p>' in shown
    assert "<p>First,\nsecond.</p><p>* third &amp; *fourth*</p>" in shown
    assert "contents" not in shown


def test_six_headings_make_a_table_of_contents() -> None:
    shown = text_html("\n\n".join(f"## Article {n}\n\nText." for n in range(1, 7)))
    assert shown.count('class="to-heading"') == 6
    assert '<a class="to-heading" href="#read-5">Article 6</a>' in shown


def test_marked_characters_may_go_over_a_paragraph() -> None:
    shown = text_html("One two.\n\nThree four.", Span(4, 15))
    assert shown.count("<mark>") == 2
    assert "One <mark>two.</mark></p><p><mark>Three</mark> four." in shown


def test_nothing_of_a_document_becomes_markup_in_the_tab() -> None:
    hostile = made(
        "h", text=f"## {HOSTILE}\n\n{HOSTILE}", title=HOSTILE, voice=HOSTILE, licence=HOSTILE,
        short_title=HOSTILE, aliases=(HOSTILE,), address=f"javascript:{HOSTILE}",
        language=HOSTILE, relations=(Relation(type="quotes", to=HOSTILE, anchor=HOSTILE),),
    )
    for shown in (source_html(hostile, {"h": hostile}), table_html([hostile])):
        seen = Seen(shown)
        assert not {"img", "b"} & seen.tags
        assert not {name for name in seen.attributes if name.startswith("on")}
        assert HOSTILE in seen.text
    assert "a" not in Seen(web_link(hostile.address)).tags


def test_what_the_browser_asks_for_is_not_trusted() -> None:
    by_id = {"a": made("a", text="One.")}
    for wish in ({}, {"source": "../b"}, {"source": ["a"]}, {"source": None}):
        assert "There is no such source" in read(by_id, wish)
    for span in ((-9, 900), (3, 1), ("0", "2"), (None, 2), (10**30, 10**31)):
        shown = read(by_id, {"source": "a", "start": span[0], "end": span[1]})
        assert "One." in Seen(shown).text


def test_a_card_links_to_its_characters_in_the_whole_source() -> None:
    source = made("a", text="One. Two.", title='<a class="back"')
    passage = Passage(id="p", source=source, anchor="x", span=Span(0, 9), checked="excerpt")
    shown = card_html(Citation(number=1, passage=passage, span=Span(5, 9)), turn=1)
    assert shown.count("Read the whole source") == 1
    assert 'data-source="a" data-start="5" data-end="9"' in shown


def test_the_corpus_is_told_in_numbers(bundled: Assistant) -> None:
    told = Seen(about_html(bundled.corpus.sources, 8, 216, "v1")).text
    years = [s.date.year for s in HELD if s.date]
    assert f"{SOURCES} sources in 216 passages, dated from {min(years)} to {max(years)} " in told
    assert "(corpus version v1)." in told
    assert "All are digests: our words, not the documents'." in told
    assert "8 more are listed, not read: no answer rests on them." in told
    assert "digest" not in about_html([made("a", date=None)], 0, 1, "v1")


def test_only_dated_sources_are_points_of_the_timeline() -> None:
    rows = timeline_rows([made("a"), made("b", date=None), made("c", date=date(1999, 1, 1))])
    assert [row["source"] for row in rows] == [
        "Paper c (1 January 1999)", "Paper a (2 January 2000)",
    ]
    assert time_span([made("b", date=None)]) is None


@pytest.fixture
def tab(open_page: OpenPage) -> Page:
    return open_tab(open_page())


def open_tab(page: Page) -> Page:
    to_tab(page, "Sources")
    page.wait_for_selector("table.sources")
    return page


def choose(page: Page, title: str) -> None:
    page.locator("table.sources tbody tr", has_text=title).first.click()
    page.wait_for_function("t => document.querySelector('.reading h2')?.innerText === t", arg=title)


@pytest.mark.browser
def test_the_table_lists_every_source_and_searching_narrows_it(tab: Page) -> None:
    rows = tab.locator("table.sources tbody tr:visible")
    assert rows.count() == LISTED
    tab.fill("#find-source", "korybko")
    assert rows.count() == 1
    assert tab.inner_text(".find .found") == f"1 of {LISTED}"
    tab.fill("#find-source", "Бухарестская формула")  # another name, not shown
    assert "Bucharest Summit Declaration" in rows.first.inner_text()
    tab.fill("#find-source", "")
    assert rows.count() == LISTED


@pytest.mark.browser
def test_a_column_sorts_up_and_down(tab: Page) -> None:
    first = tab.locator("table.sources tbody tr th").first
    dated = sorted((s.date, s.title) for s in HELD if s.date)
    assert first.inner_text() == dated[0][1]
    tab.get_by_role("button", name="Date").click()
    assert first.inner_text() in {s.title for s in UNREAD if s.date is None}
    tab.get_by_role("button", name="Who speaks").press("Enter")
    assert first.inner_text() == KORYBKO  # Andrew
    assert tab.locator("th[aria-sort=ascending]").inner_text().startswith("Who speaks")


@pytest.mark.browser
def test_what_was_not_read_is_listed_and_leads_to_its_page(tab: Page) -> None:
    title, = [s.title for s in UNREAD if "Pifer" in s.voice]
    choose(tab, title)
    shown = tab.inner_text(".reading")
    assert "Not read: listed only, never cited" in shown and "checked against" not in shown
    assert "brookings.edu" in tab.inner_text(".reading a.official")
    assert "comments on" in tab.inner_text(".related")


@pytest.mark.browser
def test_a_chosen_source_is_shown_in_full_and_leads_to_those_it_speaks_of(tab: Page) -> None:
    choose(tab, "Russia's written reaction to the US response concerning security guarantees")
    shown = tab.inner_text(".reading")
    assert "Digest: our words, not the document's" in shown
    assert CHAIN in tab.inner_text(".related").replace("\n", " ")
    assert "{checked" not in shown
    assert "known from secondary reports" in shown
    tab.locator(".related a", has_text="the leaked US reply").first.press("Enter")
    tab.wait_for_function("document.querySelector('.reading h2').innerText.includes('(leaked)')")
    assert "Answered by Russia's reaction of 17 February 2022." in tab.inner_text(".related")
    assert "Written reply" in tab.inner_text("tr.current th")
    for closed in tab.locator(".contents:not([open]) summary").all():
        closed.click()
    tab.locator("a.to-heading").last.click()
    assert lies_in_view(tab.locator(".full-text h3").last)
    for link in tab.locator("a.official").all():
        assert link.get_attribute("rel") == "noopener noreferrer"


@pytest.mark.browser
def test_the_timeline_has_a_point_for_each_source_and_enlarges_a_stretch(tab: Page) -> None:
    points = tab.locator("#timeline-plot .mark-symbol.role-mark path")
    points.first.wait_for()
    assert points.count() == SOURCES
    voices = "".join(tab.locator("#timeline-plot svg text").all_text_contents())
    assert "Andrew Korybko" in voices
    assert "1990" in voices
    box = tab.locator("#timeline-plot svg .mark-group.role-frame > g > path").first.bounding_box()
    assert box
    tab.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + 90, steps=5)
    tab.mouse.up()
    tab.wait_for_function(
        """() => ![...document.querySelectorAll("#timeline-plot svg text")]
          .some((text) => text.textContent === "1990")"""
    )


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_read_the_whole_source_lands_on_the_cited_characters(
    open_page: OpenPage, width: int
) -> None:
    page = open_page(width)
    click_example(page, FOUNDING_ACT)
    wait_until_answered(page)
    for number in (2, 1):  # the first opens the tab, the second is in the same source
        to_tab(page, "Ask")
        card = page.locator(f"#card-1-{number}")
        quote = card.locator("mark").text_content()
        card.get_by_text("Read the whole source").press("Enter")
        page.wait_for_function(
            "q => document.querySelector('.reading mark')?.textContent === q", arg=quote
        )
        mark = page.locator(".reading mark")
        page.wait_for_function("document.activeElement.matches('.reading')")
        assert lies_in_view(mark)
    to_tab(page, "Ask")
    assert page.locator("a.cite").count() > 0


@pytest.mark.browser
def test_a_phone_shows_the_tab_without_sideways_scroll(open_page: OpenPage) -> None:
    page = open_tab(open_page(320, 700))
    choose(page, KORYBKO)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert lies_in_view(page.locator(".reading h2"))
    page.locator("a.to-list").click()
    assert lies_in_view(page.locator("#find-source"))


@pytest.fixture
def hostile_address(
    browser: Browser, home: Path, tmp_path: Path, write_source: Callable[..., Path]
) -> Iterator[str]:
    attack = "<img src=x onerror='window.__xss=1'> ${window.__xss=2} {{title}} **b** [l](x)"
    write_source(
        "attack", f"\n{attack}\n\n## Article 1 {attack}\n\n<script>window.__xss=3</script>\n",
        title=f'"{attack}"', voice=f'"{attack}"',
    )
    with serving(home, ASSISTANT_CORPUS=str(tmp_path / "corpus"), ASSISTANT_HOME=str(
        tmp_path / "home"
    )) as address:
        yield address


@pytest.mark.browser
def test_markup_in_a_document_is_shown_as_it_stands_and_never_runs(
    open_page: OpenPage, hostile_address: str
) -> None:
    attack = "<img src=x onerror='window.__xss=1'> ${window.__xss=2} {{title}} **b** [l](x)"
    page = open_tab(open_page(at=hostile_address))
    assert page.locator("table.sources tbody th").text_content() == attack
    choose(page, attack)
    assert page.locator(".full-text p").first.text_content() == attack
    assert page.locator(".full-text h3").text_content() == f"Article 1 {attack}"
    assert "<script>window.__xss=3</script>" in page.inner_text(".full-text")
    page.wait_for_selector("#timeline-plot svg")
    assert page.locator("#shelf img, #shelf script").count() == 0
    assert page.evaluate("window.__xss") is None


@pytest.mark.browser
def test_the_tab_asks_nothing_of_other_machines(browser: Browser, address: str) -> None:
    page = browser.new_context().new_page()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(address)
    page.wait_for_selector("#question textarea")
    open_tab(page)
    choose(page, KORYBKO)
    page.wait_for_selector("#timeline-plot svg")
    page.wait_for_timeout(1_000)
    page.context.close()
    assert [url for url in requested if (urlsplit(url).hostname or "") not in LOCAL] == []
