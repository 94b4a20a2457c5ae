"""Downloading official texts from a server that misbehaves."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import filelock
import pytest
from reportlab.pdfgen.canvas import Canvas
from typer.testing import CliRunner

from assistant.answering import Assistant
from assistant.cli import app
from assistant.corpus.catalogue import read_corpus, read_document
from assistant.corpus.download import Limits
from assistant.corpus.originals import Fetched, add_original, fetch_originals
from assistant.errors import CorpusError
from assistant.render import to_terminal
from assistant.settings import Settings
from assistant.types import Relation, Source
from tests.web_server import HUGE, Page, WebServer

QUICK = Limits(
    connect=1, read=0.4, total=8, pause=0, backoff=0.01, longest_wait=3, tries=2, reading=10,
    allow_private=True,
)
KEPT = "Each city keeps twelve ships in the harbour at its own cost."
RUSSIAN = "Каждый город содержит двенадцать кораблей в гавани за свой счёт."


def page(sentence: str = KEPT, times: int = 40, menu: str = "", head: str = "") -> bytes:
    """A web page with a treaty of `times` different paragraphs."""
    paragraphs = "".join(
        f"<h2>Article {n}</h2><p>{sentence} № {n}.</p>" for n in range(1, times + 1)
    )
    return (
        f"<!doctype html><html><head><title>Treaty</title>{head}</head><body><nav>{menu}</nav>"
        f"<main><article><h1>Treaty</h1>{paragraphs}</article></main></body></html>"
    ).encode()


def pdf(words: int = 400) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for line in range(words // 10):
        canvas.drawString(50, 800 - 15 * line, "Each city keeps ten ships in that old harbour.")
    canvas.save()
    return buffer.getvalue()


def pdf_bomb(pages: int = 200, lines: int = 200_000) -> bytes:
    """A small file of which every page shows the same megabytes of text."""
    content = zlib.compress(b"BT /F1 9 Tf 12 TL " + b"(All the words) Tj T* " * lines + b" ET", 9)
    kids = " ".join(f"{n} 0 R" for n in range(5, 5 + pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(content), content),
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
          b"/Resources<</Font<</F1 3 0 R>>>>>>"] * pages,
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start, size = len(out), len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)


def source(address: str | None, id: str = "harbour", **fields: Any) -> Source:
    return Source(
        id=id, title="Harbour Treaty: a text", kind="treaty", voice="Parties", status="in_force",
        date=date(1904, 5, 3), text_kind="digest", checked="secondary", text="A digest.",
        address=address, aliases=("the Treaty",), **fields,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "originals"


Get = Callable[..., Fetched]


@pytest.fixture
def get(folder: Path) -> Get:
    def get(address: str, limits: Limits = QUICK, **fields: Any) -> Fetched:
        fetched, = fetch_originals([source(address, **fields)], (), folder, limits=limits)
        assert bool(fetched.reason) != (folder / "harbour.md").exists()
        assert bool(fetched.reason) != (folder / "harbour.json").exists()
        return fetched

    return get


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, web: WebServer) -> dict[str, list[str]]:
    """Names with the addresses they stand for; what is not loopback is wired to the server."""
    known: dict[str, list[str]] = {}
    dialled = known["dialled"] = []
    resolve, connect = socket.getaddrinfo, socket.create_connection

    def fake_resolve(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host not in known:
            return resolve(host, port, *rest, **more)
        known["asked"] = [*known.get("asked", []), host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in known[host]]

    def fake_connect(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        dialled.append(address[0])
        return connect(("127.0.0.1", web.server_port), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", fake_resolve)
    monkeypatch.setattr(socket, "create_connection", fake_connect)
    return known


def test_a_page_becomes_a_document_with_the_facts_of_the_catalogue(
    web: WebServer, get: Get, folder: Path
) -> None:
    body, address = page(), web.serve("treaty", page())
    fetched = get(
        address, licence="official text; this digest Apache-2.0",
        relations=(Relation(type="quotes", to="other"),),
    )
    kept = read_document(folder / "harbour.md").source
    assert fetched.reason == "" and fetched.words > 400
    assert kept == replace(
        source(address), text=kept.text, text_kind="original", checked="full_text",
        licence="official text", relations=(Relation(type="quotes", to="other"),),
    )
    assert "## Article 7\n" in kept.text and KEPT in kept.text
    note = json.loads((folder / "harbour.json").read_text(encoding="utf-8"))
    assert note["sha256"] == hashlib.sha256(body).hexdigest() and note["bytes"] == len(body)
    assert note["address"] == address and note["content_type"].startswith("text/html")
    assert note["time"].endswith("+00:00") and note["licence"] == "official text"
    assert all(agent.startswith("corpus-assistant/") for agent in web.agents)


def test_a_translation_is_not_called_the_original(
    web: WebServer, get: Get, folder: Path
) -> None:
    get(web.serve("treaty", pdf()), licence="unofficial translation")
    assert read_document(folder / "harbour.md").source.text_kind == "unofficial_translation"


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/pdf", ""])
def test_a_pdf_is_known_by_its_content(
    web: WebServer, get: Get, folder: Path, content_type: str
) -> None:
    assert get(web.serve("treaty", pdf(), content_type)).reason == ""
    assert "## page 1" in (folder / "harbour.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("encoding", "header"), [
    ("utf-8", "windows-1251"), ("windows-1251", "utf-8"), ("utf-16", "iso-8859-1"),
])
def test_a_wrong_charset_in_the_header_does_no_harm(
    web: WebServer, get: Get, folder: Path, encoding: str, header: str
) -> None:
    body = page(RUSSIAN).decode().encode(encoding, "replace")
    assert get(web.serve("treaty", body, f"text/html; charset={header}")).reason == ""
    kept = read_document(folder / "harbour.md").source
    assert RUSSIAN in kept.text and kept.language == "ru"


@pytest.mark.parametrize(("behaviour", "reason"), [
    ("status/404", "404 Not Found"),
    ("loop/", "redirected more than 5 times"),
    ("to/file%3A%2F%2F%2Fetc%2Fpasswd", "no web address"),
    ("to/ftp%3A%2F%2Fexample.org%2Fa", "no web address"),
    ("to/http%3A%2F%2F%5B", ""),
    ("cut/", "connection fails"),
    ("announced/", "larger than 50 MB"),
    ("tomorrow/", "no time to wait 86400 s"),
])
def test_what_a_bad_server_does_is_told(
    web: WebServer, get: Get, behaviour: str, reason: str
) -> None:
    fetched = get(web.at(behaviour))
    assert fetched.reason and reason in fetched.reason
    assert web.at(behaviour) in fetched.reason


def test_a_refusal_that_will_last_is_not_asked_again(web: WebServer, get: Get) -> None:
    get(web.at("status/404"))
    get(web.at("status/500"))
    assert web.asked == ["/status/404", "/status/500", "/status/500"]


@pytest.mark.parametrize("behaviour", ["busy", "dated"])
def test_retry_after_is_honoured(web: WebServer, get: Get, behaviour: str) -> None:
    web.serve("treaty", pdf())
    assert get(web.at(f"{behaviour}/treaty")).reason == ""
    first, second = web.times
    assert 0.4 < second - first < 2


@pytest.mark.parametrize(("behaviour", "limits", "reason"), [
    ("slow", replace(QUICK, tries=2), "no word from it for 0.4 s"),
    ("drip", replace(QUICK, total=0.6), "takes longer than 0.6 s"),
])
def test_a_slow_server_is_given_up_in_time(
    web: WebServer, get: Get, behaviour: str, limits: Limits, reason: str
) -> None:
    start = time.monotonic()
    assert reason in get(web.at(behaviour), limits).reason
    assert time.monotonic() - start < 2


def test_a_huge_body_is_dropped_at_the_cap(web: WebServer, get: Get) -> None:
    limits = replace(QUICK, size=5_000_000)
    assert "larger than 5 MB" in get(web.at("huge"), limits).reason
    assert web.sent < HUGE / 10


def test_a_compressed_bomb_is_dropped_at_the_cap(web: WebServer, get: Get) -> None:
    web.pages["bomb"] = Page(gzip.compress(b" " * 60_000_000), "text/html", "gzip")
    web.pages["odd"] = Page(b"x", "text/html", "br")
    assert "larger than 5 MB" in get(web.at("page/bomb"), replace(QUICK, size=5_000_000)).reason
    assert "'br'" in get(web.at("page/odd")).reason


def test_a_pdf_that_unpacks_to_a_huge_text_is_refused(web: WebServer, get: Get) -> None:
    few = web.serve("few", pdf_bomb(pages=1, lines=20_000))
    limits = replace(QUICK, characters=100_000)
    assert "longer than 100,000 characters" in get(few, limits).reason
    many = web.serve("many", pdf_bomb())
    assert len(web.pages["many"].body) < 200_000
    start = time.monotonic()
    assert "cannot be read within 1 s" in get(many, replace(QUICK, reading=1)).reason
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("address", [
    "http://127.0.0.1:9/a", "http://10.0.0.1/a", "http://169.254.169.254/latest", "http://[::1]/a",
    "http://2130706433/a", "http://[::ffff:10.0.0.1]/a", "http://[2002:7f00:1::]/a",
    "http://100.64.0.1/a", "http://0.0.0.0/a", "http://224.0.0.1/a", "http://localhost/a",
])
def test_a_redirect_into_ones_own_network_is_refused(
    web: WebServer, get: Get, names: dict[str, list[str]], address: str
) -> None:
    names["open.example"] = ["93.184.216.34"]
    outside = f"http://open.example:{web.server_port}/to/{address.replace('/', '%2F')}"
    assert "not on the open net" in get(outside, replace(QUICK, allow_private=False)).reason
    assert names["dialled"] == ["93.184.216.34"]


def test_a_name_is_looked_up_once_and_its_checked_address_dialled(
    web: WebServer, get: Get, names: dict[str, list[str]]
) -> None:
    web.serve("treaty", pdf())
    names["open.example"] = ["93.184.216.34"]
    names["half.example"] = ["93.184.216.34", "192.168.1.1"]
    strict = replace(QUICK, allow_private=False)
    half = f"http://half.example:{web.server_port}/page/treaty"
    assert "192.168.1.1" in get(half, strict).reason and names["dialled"] == []
    assert get(half.replace("half", "open"), strict).reason == ""
    assert names["dialled"] == ["93.184.216.34"]
    assert names["asked"] == ["half.example", "open.example"]
    assert web.hosts == [f"open.example:{web.server_port}"]


def test_a_private_address_needs_the_flag(web: WebServer, get: Get) -> None:
    address = web.serve("treaty", pdf())
    assert "127.0.0.1" in get(address, replace(QUICK, allow_private=False)).reason
    assert web.asked == []
    assert get(address).reason == ""


@pytest.mark.parametrize(("body", "reason"), [
    (page(times=3), "holds no text of the document (53 words"),
    (page(menu="<a href='/'>Many other pages of ours</a> " * 400), "2000 in its menus"),
    (b"<html><body>" + b"<li><a href='/x'>Some other page</a></li>" * 300, "in its menus"),
    (b"", "0 words"),
    (b"PK\x03\x04\x00\x00" * 500, "not text"),
    (b"%PDF-1.4 damaged" * 90, "PDF is damaged"),
])
def test_what_holds_no_document_is_refused(
    web: WebServer, get: Get, body: bytes, reason: str
) -> None:
    assert reason in get(web.serve("treaty", body)).reason


def test_the_archive_answers_where_the_address_does_not(
    web: WebServer, get: Get, folder: Path
) -> None:
    web.serve("archived", pdf())
    archive = web.at("to/%2Fpage%2Farchived")
    assert get(web.at("status/404"), archive=archive).reason == ""
    note = json.loads((folder / "harbour.json").read_text(encoding="utf-8"))
    assert note["address"] == archive and note["redirected_to"] == web.at("page/archived")
    assert read_document(folder / "harbour.md").source.address == web.at("status/404")


def test_when_both_fail_both_reasons_are_told(web: WebServer, get: Get) -> None:
    reason = get(web.at("status/404"), archive=web.at("status/410")).reason
    assert "404 Not Found" in reason and "410 Gone" in reason


def test_an_address_of_two_sources_is_refused_for_both(web: WebServer, folder: Path) -> None:
    address = web.serve("both", page())
    results = fetch_originals(
        [source(address, "one"), source(address, "two")], ["one"], folder, limits=QUICK
    )
    assert "same address" in results[0].reason and web.asked == []


def test_a_host_gets_one_request_at_a_time_with_pauses(web: WebServer, folder: Path) -> None:
    sources = [source(web.serve(f"p{n}", pdf()), f"s{n}") for n in range(3)]
    steps: list[tuple[int, int]] = []
    fetch_originals(
        sources, (), folder, limits=replace(QUICK, pause=0.1),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert web.at_once == 1
    assert all(b - a > 0.1 for a, b in zip(web.times, web.times[1:], strict=False))
    assert steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_hosts_are_asked_side_by_side(
    web: WebServer, folder: Path, names: dict[str, list[str]]
) -> None:
    sources = []
    for n in range(3):
        names[f"h{n}.example"] = ["127.0.0.1"]
        sources.append(source(f"http://h{n}.example:{web.server_port}/slow", f"s{n}"))
    start = time.monotonic()
    fetch_originals(sources, (), folder, limits=replace(QUICK, tries=1))
    assert web.at_once == 3 and time.monotonic() - start < 1


def test_what_is_held_is_skipped_unless_asked_for_again(web: WebServer, folder: Path) -> None:
    sources = [source(web.serve("treaty", pdf()))]
    fetch_originals(sources, (), folder, limits=QUICK)
    again, = fetch_originals(sources, (), folder, limits=QUICK)
    assert again.was_held and len(web.asked) == 1
    web.serve("treaty", b"<html>gone</html>")
    failed, = fetch_originals(sources, (), folder, limits=QUICK, again=True)
    assert failed.reason and "ten ships" in (folder / "harbour.md").read_text(encoding="utf-8")
    web.serve("treaty", page("The cities have agreed on nine other boats in all."))
    fetch_originals(sources, (), folder, limits=QUICK, again=True)
    assert "nine other boats" in (folder / "harbour.md").read_text(encoding="utf-8")


def test_a_link_in_the_folder_leads_nothing_out_of_it(
    web: WebServer, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    folder.mkdir(parents=True)
    for name in (".harbour.md", "harbour.md", ".harbour.json", "harbour.json"):
        (folder / name).symlink_to(outside)
    fetched, evil = fetch_originals(
        [source(web.serve("a", pdf())), source(web.serve("b", pdf()), "../evil")], (), folder,
        limits=QUICK,
    )
    assert fetched.reason == "" and not (folder / "harbour.md").is_symlink()
    assert "no id" in evil.reason and outside.read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.rglob("evil*"))


def test_an_unknown_id_is_an_error_before_anything_is_asked(web: WebServer, folder: Path) -> None:
    with pytest.raises(CorpusError, match="'harbor'"):
        fetch_originals([source(web.at("slow"))], ["harbor"], folder, limits=QUICK)
    with pytest.raises(CorpusError, match="cannot be written"):
        fetch_originals([source(web.at("slow"))], (), Path("/proc/none"), limits=QUICK)
    assert web.asked == []


def test_two_runs_at_a_time_do_not_mix(web: WebServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"), pytest.raises(CorpusError, match="another"):
        fetch_originals([source(web.at("slow"))], (), folder, limits=QUICK)
    assert web.asked == []


def test_a_run_that_was_killed_is_taken_up_where_it_ended(
    web: WebServer, folder: Path, write_source: Callable[..., Path], tmp_path: Path
) -> None:
    write_source("a", "Digest.", text_kind=f"digest\naddress: {web.serve('a', page())}")
    write_source("b", "Digest.", text_kind=f"digest\naddress: {web.at('slow')}")
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant", "fetch", "--allow-private"],
        env={**os.environ, "ASSISTANT_CORPUS": str(tmp_path / "corpus")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 10
    while "/slow" not in web.asked and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder / ".b.md").write_text("---\nhalf", encoding="utf-8")
    corpus = read_corpus(tmp_path / "corpus", originals=folder)
    assert corpus.faults == () and [s.text_kind for s in corpus.sources] == ["original", "digest"]
    a, b = fetch_originals(corpus.sources, (), folder, limits=QUICK)
    assert a.was_held and "no word from it" in b.reason
    assert web.counts["/page/a"] == 1


def test_a_document_without_its_note_is_fetched_again(web: WebServer, folder: Path) -> None:
    sources = [source(web.serve("treaty", pdf()))]
    fetch_originals(sources, (), folder, limits=QUICK)
    (folder / "harbour.json").unlink()
    again, = fetch_originals(sources, (), folder, limits=QUICK)
    assert not again.was_held and len(web.asked) == 2


def test_an_original_takes_the_place_of_the_digest_in_answers(
    web: WebServer, write_source: Callable[..., Path], settings_for: Callable[..., Settings],
    tmp_path: Path,
) -> None:
    address = web.serve("treaty", page())
    write_source("harbour", "Cities are to have ships.", text_kind=f"digest\naddress: {address}")
    settings = settings_for(corpus=tmp_path / "corpus")
    question = "How many ships does each city keep in the harbour?"
    digests = read_corpus(settings.corpus).sources
    fetch_originals(digests, (), settings.originals, limits=QUICK)
    after = Assistant.open(settings)
    answer = after.ask(question)
    assert after.corpus.faults == () and len(after.corpus.sources) == 1
    assert answer.citations[0].passage.source.text_kind == "original"
    assert answer.citations[0].quote.startswith(KEPT)
    assert f"“{KEPT}" in to_terminal(answer)


def test_the_catalogue_still_says_who_when_and_with_what_force(
    web: WebServer, write_source: Callable[..., Path], folder: Path, tmp_path: Path
) -> None:
    address = web.serve("treaty", pdf())
    kind = f"digest\naddress: {address}"
    write_source("harbour", "Digest.", text_kind=kind)
    fetch_originals(read_corpus(tmp_path / "corpus").sources, (), folder, limits=QUICK)
    write_source("harbour", "Digest.", text_kind=kind, status="terminated")
    held, = read_corpus(tmp_path / "corpus", originals=folder).sources
    assert held.status == "terminated" and held.text_kind == "original"
    write_source("harbour", "Digest.", text_kind="digest\naddress: http://other.example/a")
    held, = read_corpus(tmp_path / "corpus", originals=folder).sources
    assert held.text_kind == "digest"


def test_fetch_tells_what_failed_and_why_and_exits_with_1(
    web: WebServer, write_source: Callable[..., Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSISTANT_CORPUS", str(tmp_path / "corpus"))
    write_source("good", "Digest.", text_kind=f"digest\naddress: {web.serve('a', pdf())}")
    write_source("bad", "Digest.", text_kind=f"digest\naddress: {web.at('status/404')}")
    done = CliRunner().invoke(app, ["fetch", "--allow-private"])
    assert done.exit_code == 1
    assert "bad" in done.stdout and "404" in done.stdout
    assert "1 fetched, 0 held already, 1 failed" in done.stdout
    done = CliRunner().invoke(app, ["fetch", "good"])
    assert done.exit_code == 0 and "0 fetched, 1 held already, 0 failed" in done.stdout


def test_a_file_of_the_users_own_takes_the_place_of_a_digest_and_leaves_it_again(
    tmp_path: Path, write_source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_source("harbour", "Cities are to have ships.", text_kind="digest")
    file = tmp_path / "treaty.txt"
    file.write_text(f"Article 1\n\n{KEPT}\n", encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_CORPUS", str(tmp_path / "corpus"))
    run = CliRunner()
    done = run.invoke(app, ["add", str(file), "--original-of", "harbour"])
    assert done.exit_code == 0 and "1 passages of treaty.txt" in done.stdout
    shown = run.invoke(app, ["ask", "How many ships does each city keep?"]).stdout
    assert f"“{KEPT}” [1]" in shown and "digest" not in shown
    assert "the original of harbour" in run.invoke(app, ["remove", "harbour"]).stdout
    shown = run.invoke(app, ["ask", "How many ships are cities to have?"]).stdout
    assert "Cities are to have ships." in shown and "digest" in shown


def test_the_official_text_of_a_translation_is_kept_as_a_document(
    tmp_path: Path, folder: Path, write_source: Callable[..., Path]
) -> None:
    write_source("harbour-ru", RUSSIAN, language="ru")
    write_source("harbour", "Digest.", text_kind="digest",
                 status="in_force\nrelations: [{type: translates, to: harbour-ru}]")
    _, translation = read_corpus(tmp_path / "corpus").sources
    assert translation.original is not None
    file = tmp_path / "treaty.txt"
    file.write_text(KEPT, encoding="utf-8")
    add_original(translation, file, folder)
    corpus = read_corpus(tmp_path / "corpus", originals=folder)
    original, kept = corpus.sources
    assert corpus.faults == () and kept.text.strip() == KEPT
    assert kept.original == original


@pytest.mark.parametrize(("arguments", "said"), [
    (["treaty.txt", "--original-of", "harbor"], "no source 'harbor'"),
    (["treaty.txt", "treaty.txt", "--original-of", "harbour"], "one file"),
    (["http://127.0.0.1:1/a", "--original-of", "harbour"], "one file"),
    (["none.txt", "--original-of", "harbour"], "cannot be read"),
])
def test_what_cannot_be_an_original_is_told(
    tmp_path: Path, write_source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], said: str,
) -> None:
    write_source("harbour", "Cities are to have ships.", text_kind="digest")
    (tmp_path / "treaty.txt").write_text(KEPT, encoding="utf-8")
    monkeypatch.setenv("ASSISTANT_CORPUS", str(tmp_path / "corpus"))
    done = CliRunner().invoke(app, ["add", *arguments])
    assert done.exit_code == 1 and said in str(done.exception)
    assert not (tmp_path / "home" / "originals").exists()
