"""What was said → escaped HTML for the chat.

Gradio's chat reads Markdown. A `<div>` that begins the message and has no blank line in it is
passed on as HTML, so everything here is one line and every text goes through `escape`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from assistant.compose import say_date
from assistant.errors import AssistantError
from assistant.records import Verdict
from assistant.render import ABSENT, HEADINGS, INSTEAD, say_in_short, say_model, say_withheld
from assistant.types import Answer, Outcome, Source, Statement, Tier

# A question is shown whole up to here; QuestionError rejects one that is much longer anyway.
_SHOWN_CHARACTERS = 1_000
# Harmless in HTML, but a sign to Markdown or LaTeX: written as numbers, they can only be text.
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+.!|~$:@\n-]")

# (title, label); the thumbs are drawn by the style sheet
_RATE: dict[Verdict, tuple[str, str]] = {
    "up": ("A good answer", ""), "down": ("Not a good answer", ""),
    "wrong_evidence": ("The passages do not bear it out, or others do", "The evidence is wrong"),
}


def escape(text: str) -> str:
    """The text itself, for HTML inside Markdown: nothing in it is markup."""
    plain = text.replace("\r\n", "\n")
    parts = (f"&#{ord(c)};" if _MARKDOWN.match(c) else html.escape(c) for c in plain)
    return "".join(parts)


def question_html(text: str) -> str:
    """The user's own words, as typed; a very long text is cut with its length told."""
    shown = text.strip()
    if len(shown) > _SHOWN_CHARACTERS:
        shown = f"{shown[:_SHOWN_CHARACTERS]}… ({len(text):,} characters)"
    return f'<div class="asked">{escape(shown) or "<em>(nothing typed)</em>"}</div>'


def welcome_html() -> str:
    return (
        '<div class="welcome"><p>Ask about the documents of this corpus.</p><p>The answer is made '
        "of what the sources say, each sentence with a mark that opens its passage. Where the "
        "corpus holds no answer, the page says so.</p></div>"
    )


def searching_html() -> str:
    return '<div class="answer"><p class="waiting">Searching the sources …</p></div>'


def statements_html(
    statements: Sequence[Statement], turn: int, model: str | None, writing: bool,
    loading: bool = False, premise: str = "", folded: bool = False,
) -> str:
    """The statements so far: the sources' own, then what a model writes (`writing`: still;
    `loading`: it is not ready yet).

    All that comes later stands below what is there, so that nothing moves under the reader's eyes;
    a line of constant height on top tells that more stands below. A `premise` that the sources do
    not bear out stands above all, then what the first quote says instead. With `folded` the
    quotes give way to what the model writes.
    """
    written = [s for s in statements if s.origin != "quote"]
    body = f'<p class="premise"><strong>{escape(premise)}</strong></p>' if premise else ""
    quotes = _quotes([s for s in statements if s.origin == "quote"], turn, bool(premise))
    if folded and model and (written or writing):
        summary = "<summary>What the sources say</summary>"
        body += f'<details class="folded">{summary}{quotes}</details>'
    else:
        by = _on_the_model(model, turn, written, writing, loading) if model else ""
        body = by + body + quotes
    if model and (written or writing):
        waiting = f'<p class="waiting">{_doing(loading)}</p>' if writing else ""
        heading = say_in_short(written[0].origin if written else "model", model)
        section = _section(heading, _by_lead(written, turn) + waiting, "short")
        body += f'<div id="short-{turn}">{section}</div>'
    return f'<div class="answer">{body}</div>'


def _doing(loading: bool) -> str:
    return "The model is being loaded …" if loading else "The model is reading the sources …"


def _quotes(quotes: Sequence[Statement], turn: int, instead: bool) -> str:
    first = 1 if instead else 0
    body = _section(INSTEAD, _by_lead(quotes[:first], turn), "instead") if quotes[:first] else ""
    return body + "".join(
        _section(HEADINGS[tier], _by_lead(list(group), turn), tier)
        for tier, group in groupby(quotes[first:], _tier)
    )


def _on_the_model(
    model: str, turn: int, written: Sequence[Statement], writing: bool, loading: bool
) -> str:
    name = escape(say_model(model))
    if written:
        plural = "sentence" if len(written) == 1 else "sentences"
        by = "chosen" if written[0].origin == "choice" else "written"
        more = " so far" if writing else ""
        said = (f'<a class="to-short" href="#short-{turn}">{len(written)} {plural} {by} by {name}'
                f"{more}, below the sources' own</a>")
    elif writing:
        does = "being loaded" if loading else "reading"
        said = f"{name} is {does}; what it writes follows below the sources' own words."
    else:
        said = f"The sources' own words; nothing of {name} is shown. Why stands below."
    return f'<p class="by">{said}</p>'


def answer_html(answer: Answer, turn: int, folded: bool = False) -> str:
    """The finished answer: statements or what is absent, then what was withheld and noted."""
    model = None if answer.model == "quotes" else answer.model
    if answer.statements:
        shown = statements_html(
            answer.statements, turn, model, writing=False, premise=answer.premise, folded=folded
        )
    else:
        shown = _absence(answer.outcome, answer.nearest)
    after = _withheld(answer)
    if answer.outcome == "partly_answered":
        after += _notice("The corpus answers this only in part.")
    after += "".join(_notice(n) for n in answer.notices)
    return f'<div class="reply">{shown}{after}{_details(answer)}</div>'


def understood_html(text: str, correctable: bool) -> str:
    """How a question was understood, where that is not as it was typed."""
    if not text:
        return ""
    link = ' <a class="correct" href="#question">Correct this</a>' if correctable else ""
    return f'<p class="understood">Understood as “{escape(text)}”{link}</p>'


def beside_html(versions: Sequence[tuple[str, str]]) -> str:
    """Several answers to one question, each under the name of the model that wrote it."""
    shown = "".join(
        f'<section class="version"><h4>{escape(_writer(model))}</h4>{reply}</section>'
        for model, reply in versions
    )
    return f'<div class="versions">{shown}</div>'


def not_kept_html(error: AssistantError) -> str:
    return _notice(f"This answer is not kept. {error}")


def text_html(text: str) -> str:
    """What was said, in plain words, where no more is kept of it."""
    if not text:
        return f'<div class="reply">{_notice("Stopped before it was answered.")}</div>'
    lines = "<br>".join(map(escape, text.splitlines()))
    told = _notice("Kept by another version of the program, and shown as plain text.")
    return f'<div class="reply"><p>{lines}</p>{told}</div>'


def rating_html(id: str, verdict: Verdict | None, remark: str) -> str:
    """What a reader may do with an answer that is kept; `history.js` hears it. The thanks have
    their place from the beginning, so that nothing moves."""
    buttons = "".join(
        f'<button type="button" class="rate{" chosen" if name == verdict else ""}" name="{name}" '
        f'value="{id}" title="{title}">{label}</button>' for name, (title, label) in _RATE.items()
    )
    return (
        f'<div class="rating{" rated" if verdict else ""}">{buttons}'
        f'<button type="button" class="share" value="{id}">Share</button>'
        '<span class="thanks"><span class="told">Thank you.</span> '
        f'<button type="button" class="remark" value="{id}" title="{escape(remark)}">'
        f"{'Your remark' if remark else 'Add a remark'}</button></span></div>"
    )


def _writer(model: str) -> str:
    return "The sources themselves" if model == "quotes" else f"With {say_model(model)}"


def _details(answer: Answer) -> str:
    """What an answer was made with, for who wants to know."""
    times = answer.timings
    rows = [
        ("Understood as", answer.understood),
        ("Written by", "the sources themselves, no language model" if answer.model == "quotes"
         else f"{say_model(answer.model)}, below the sources' own words"),
        ("First text", _seconds(times.get("first_text"))),
        ("Loading the model", _took(times, "model_loading", "model_loaded")),
        ("First sentence of the model", _seconds(times.get("first_model_sentence"))),
        ("Whole answer", _seconds(times.get("total"))),
        ("Tokens", f"{answer.tokens.read:,} read, {answer.tokens.written:,} written"
         if any(answer.tokens) else ""),
        ("Passages found", str(len(answer.evidence))),
        ("Corpus version", answer.corpus_version),
    ]
    shown = "".join(
        f"<li><span>{name}:</span> {escape(value)}</li>" for name, value in rows if value
    )
    return f'<details class="details"><summary>Details</summary><ul>{shown}</ul></details>'


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"after {seconds:.2f} s"


def _took(times: Mapping[str, float], begun: str, ended: str) -> str:
    return f"{times[ended] - times[begun]:.2f} s" if ended in times else ""


def error_html(error: AssistantError) -> str:
    return (
        f'<div class="problem" role="alert"><p><strong>{escape(error.fact)}</strong></p>'
        f"<p>{escape(error.next_step)}</p></div>"
    )


def bug_html() -> str:
    return (
        '<div class="problem" role="alert"><p><strong>This is a bug: please report it.</strong>'
        "</p><p>What happened is in the log of the program. You can go on asking.</p></div>"
    )


def stopped_html(reply: str) -> str:
    """What was shown until the reader stopped it, and that it was stopped."""
    still = re.sub(r'<p class="waiting">.*?</p>', _notice("Stopped here."), reply)
    shown = _notice("Stopped. What is shown was checked; more may have followed.")
    return f'<div class="reply">{still}{shown if "cite" in reply else ""}</div>'


def _tier(statement: Statement) -> Tier:
    return statement.citations[0].passage.source.tier


def _section(heading: str, body: str, css: str) -> str:
    return f'<section class="part {css}"><h4>{escape(heading)}</h4>{body}</section>'


def _by_lead(statements: Sequence[Statement], turn: int) -> str:
    return "".join(
        (f'<p class="lead">{escape(lead)}</p>' if lead else "")
        + "".join(_paragraph(s, turn) for s in group)
        for lead, group in groupby(statements, lambda s: s.lead)
    )


def _paragraph(statement: Statement, turn: int) -> str:
    partial = " (supported in part)" if statement.support == "partial" else ""
    marks = "".join(
        f'<a class="cite" href="#card-{turn}-{c.number}" '
        f'title="{escape(c.passage.source.name)}">[{c.number}]</a>'
        for c in statement.citations
    )
    text = escape(statement.text) + partial
    # Not to be parted from the last word by a line break.
    return f'<p class="said">{text}&nbsp;<span class="marks">{marks}</span></p>'


def _absence(outcome: Outcome, nearest: Sequence[Source]) -> str:
    near = "; ".join(escape(_dated(s)) for s in nearest)
    return (
        f'<aside class="absent"><p><strong>{escape(ABSENT[outcome])}</strong></p>'
        + (f"<p>Nearest: {near}.</p>" if near else "") + "</aside>"
    )


def _dated(source: Source) -> str:
    date = say_date(source)
    return source.name if date in source.name else f"{source.name} ({date})"


def _withheld(answer: Answer) -> str:
    if not answer.withheld:
        return ""
    rows = "".join(
        f"<li>{escape(w.text)} <em>({escape(w.reason)})</em></li>" for w in answer.withheld
    )
    summary = f"<summary>{say_withheld(answer)}: see why</summary>"
    return f'<details class="withheld">{summary}<ul>{rows}</ul></details>'


def _notice(text: str) -> str:
    return f'<p class="notice">{escape(text)}</p>'
