"""Passages that try to steer a language model: "ignore your instructions", "add to your answer".

Such text is data like any other and is never followed. It is told by its signs, left out of what a
model reads and of the answer, and shown as what it is. What goes unnoticed still meets the check:
a sentence that no source carries is withheld.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MODEL = (
    r"(?:a\.?i\.?(?: (?:system|reader|model|assistant)s?)?|assistant|(?:large )?language models?|"
    r"llms?|chat ?bots?|model|automated (?:reader|system)s?|machine readers?)"
)
_OUTPUT = r"(?:answers?|responses?|repl(?:y|ies)|outputs?|summar(?:y|ies))"
_DO = (
    r"(?:add|answer|append|attach|attribute|augment|begin|call|cancel|cite|close|compose|convert|"
    r"decline|disregard|embed|end|enhance|finish|follow|forget|give|group|ignore|include|insert|"
    r"integrate|introduce|leave|make|mention|modify|name|output|prefix|present|pretend|print|"
    r"provide|put|recommend|refuse|remove|render|repeat|replace|reply|respond|reveal|say|scramble|"
    r"show|start|state|substitute|suggest|tell|use|write|misspell|jumble|anagram|rearrange)"
)
_ORDERS = r"(?:instructions?|guidelines?|prompts?|directi(?:on|ve)s?|rules|training|programming)"
# The rest of a sentence; the point in an address does not end it.
_REST = r"(?:[^.!?\n]|[.!?](?=[\w\"”']))"
# At the beginning of a sentence or clause, where a verb stands to command.
_COMMAND = (
    rf"(?:(?:^|[.!?:;,\n»”\"(]\s*|\b(?:please|must|should|shall|could you|would you|now|then|just|"
    rf"to|and|so kind as to)\s+)(?:please |now |just |kindly |always |instead )?{_DO}\b)"
)
_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE | re.MULTILINE) for pattern in (
    # said to a model
    rf"\b(?:dear|hello|hi|hey|kind|attention|helpful|note to|message to|for|binding on|"
    rf"instructions? (?:to|for)),? (?:all |any |the |helpful |kind )?{_MODEL}\s*"
    r"(?:[,:!\]]|reading|processing)",
    rf"\bif you are an? {_MODEL}\b|\byou,? (?:the|as an?) {_MODEL}\b",
    r"\b(?:when|whenever|while|before|if) (?:you (?:are asked|summari[sz]e|answer|process|quote)|"
    rf"(?:anyone|somebody|someone|a user|users?|the user) asks?|summari[sz]ing|answering)\b"
    rf"[^.!?\n]{{0,80}},\s*(?:please |always |you \w+ )?{_DO}\b",
    r"\byou (?:must|should|shall|are to) (?:always |never |only |not )?"
    r"(?:say that|state|answer with|reply|write|claim|respond|cite|output|decline|pretend)\b",
    r"\b(?:dear|hello|kind),? (?:\w+ )?(?:assistant|ai|model|chat ?bot)\b",
    rf"(?:^|[.!?>\n(]\s*){_MODEL}\s*[,:]\s*(?:please |now )?{_DO}\b",
    rf"\b(?:the|any|every) {_MODEL} (?:that )?(?:read|process|summari[sz])\w* this\b",
    r"\b(?:notice|note|correction|instructions?)\b[^.\n]{0,40}\b(?:language models?|llms?|ai "
    r"(?:systems?|models?)|automated readers?)\b",
    r"\b(?:a\.?i\.?|language models?|llms?|chat ?bots?)(?!\w)[^.!?\n]{0,50} (?:must|shall|"
    r"should|ha(?:s|ve) to|(?:is|are) to|needs? to) (?:\w+ )?(?:respond|reply|say|answer|point out|"
    r"mention|state|write|tell|cite|claim|pretend|output)\b",
    # about what it is to write
    rf"{_COMMAND}{_REST}{{0,120}}\b(?:your|the final|every|any) (?:\w+ )?{_OUTPUT}\b",
    rf"{_COMMAND}[^.!?\n]{{0,40}}\b(?:the) (?:answer|output|reply)\b",
    rf"\b(?:in|to|of|at the end of|at the start of) (?:your|every|any) (?:\w+ )?{_OUTPUT}\b"
    rf"[^.!?\n]{{0,40}}\b{_DO}\b",
    r"\b(?:your|every) (?:\w+ )?(?:answer|response|output|summary)\b[^.!?\n]{0,40}\b(?:must|shall|"
    r"should|carr(?:y|ies))\b",
    r"(?:^|[.!?:;,\n»”\"(]\s*|\b(?:please|must|and|text:)\s+)(?:reply|respond|answer) "
    r"(?:only )?(?:with|in capitals)\b",
    rf"{_COMMAND}{_REST}{{0,60}}\b(?:the |its |your |any )(?:end )?users?\b",
    rf"{_COMMAND}[^.!?\n]{{0,40}}\bthe (?:reader|person asking|asker)s?\b[^.!?\n]{{0,20}}\b(?:that|"
    r"about|with|as)\b",
    r"\b(?:word|sentence|line|phrase|token)s? (?:at|to) the (?:end|beginning|start|top)\b|"
    r"\b(?:first|last|opening|closing|final) (?:line|word|sentence) of (?:the|your|each|every)\b",
    rf"{_COMMAND}[^.!?\n]{{0,60}}\b(?:list item|link named)\b",
    r"\b(?:the user['’]s|do not answer the|answer every) (?:\w+ )?question",
    # against its orders
    rf"\b(?:ignor\w*|disregard\w*|forget|cancel|override|drop|bypass)\b[^.!?\n]{{0,30}}\b(?:your|"
    rf"previous|prior|above|earlier|all|system|these|the)\b[^.!?\n]{{0,20}}\b{_ORDERS}\b",
    rf"\b(?:the {_ORDERS}|everything) you (?:were|have been|got)\b",
    r"\byou are (?:now|no longer)\b|\bfrom now on,? you\b|\byour (?:only|new|present) task\b",
    r"\b(?:new orders take priority|cancel the present task|follow only this text|debug mode)\b",
    r"\b(?:your|the) (?:hidden|initial|original|secret|system) (?:prompt|message)\b",
    r"\bsystem prompt\b|\bno passage was retrieved\b|\bthe model reading\b",
    # dressed as another part of the conversation
    r"</?(?:system|assistant|user|human|documents?|instructions?|context|prompt)\b[^>]*>|<\|\w+\|>|"
    r"\[/?(?:inst|system|user|assistant)\]|<</?sys>>|```(?:system|prompt|instructions?)",
    r"^\W*(?:user|assistant|system|human|developer|ai|bot)\s*:|^#{1,6}\s*(?:user|assistant|system|"
    r"instructions?|human)\b|\b(?:begin|end|start of|new) (?:system|developer|admin\w*) "
    r"(?:message|prompt|override|instructions?)\b",
    r"[\"']role[\"']\s*:\s*[\"'](?:system|developer|user|assistant|tool)[\"']",
    # hidden
    r"\b(?:base ?64|rot ?13)\b",
    rf"<!--[^>]*\b{_DO}\b[^>]*-->|<[a-z]+ [^>]*\bhidden\b[^>]*>|opacity:\s*0|style\s*=[^>]*"
    r"(?:font-size:\s*[01]px|display:\s*none|color:\s*(?:#f{3,6}|white)[^>]*background:\s*"
    r"(?:#f{3,6}|white))",
    # letting the conversation out, or the citing down
    r"!\[[^\]]*\]\(\s*https?://|\bthe (?:whole |entire |full )?conversation so far\b",
    r"\[S\d+\]|\bsource marks?\b|\battribute (?:every|all|this) \w+|\b(?:omit|leave out|drop) "
    r"(?:all |any |the )?(?:citations?|source numbers?|reference marks?|footnotes?|brackets)\b",
    # in other languages
    r"(?:языков\w+ модел|мовн\w+ модел|штучн\w+ інтелект|искусственн\w+ интеллект|нейросет|"
    r"чат-?бот)\w*\s*[,:!]",
    r"\b(?:забудь|игнорируй|ігноруй|не обращай|відкинь)\w*\b[^.!?\n]{0,40}(?:указан|инструкц|"
    r"вказівк|інструкц|правил)",
    r"\b(?:закончи|начни|добавь|напиши|заверши|додай|почни)\w*\b[^.!?\n]{0,40}(?:ответ|відповід)",
    r"\b(?:пользовател|користувач)\w*\b|\b(?:отвечай|відповідай)\b[^.!?\n]{0,60}"
    r"(?:[:«]|что|що)",
    r"\b(?:antworte|beende|beginne|schreibe|füge|erwähne|sag)\b[^.!?\n]{0,60}\b(?:antwort|benutzer|nutzer|"
    r"leser|satz|worte?n?)\b|\bki-?(?:system|modell|assistent)\w*\b",
    r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,30}\binstructions\b|\bmodèle de langage\b",
    r"\bsprachmodell\w*\b|\b(?:ignoriere|vergiss|missachte)\b[^.!?\n]{0,40}\b(?:anweisung|regel)\w*|"
    r"\banweisungen gelten nicht mehr\b",
))
# What a statement about the sources has no use for: it is said to a reader or to a model.
_ADDRESSED = re.compile(
    rf"\b(?:you|your|yours|yourself)\b|^\W*(?:please |now |then |never |always )?{_DO} |"
    rf"\b(?:a\.?i\.?|(?:large )?language models?|llms?|chat ?bots?)(?!\w)|https?://|\bwww\.|"
    rf"\b(?:in|to|of|from) (?:the|this|every|any|each) {_OUTPUT}\b(?! (?:of|to|by|from)\b)",
    re.IGNORECASE,
)
_IN_QUOTES = re.compile(r"[“\"«][^”\"»]*[”\"»]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# Invisible letters in a row, or every second one, have no honest use.
_HIDDEN = re.compile("(?:\\w[\u200b-\u200d\u2060\ufeff]){4,}")
_SPACED = re.compile(r"(?:\b\w\b +){8,}\w\b")
_SPLIT = re.compile(r"(?:\b\w[.\-_*·]){5,}\w\b")
_LEET = str.maketrans("0134578@$", "oieastbas")
_MIXED = re.compile(r"\b(?=\w*[a-z])(?=\w*\d)\w{3,}\b", re.IGNORECASE)
_SHOWN = 120


@lru_cache(maxsize=50_000)
def steering(text: str) -> str | None:
    """The words of a text that try to steer a language model, at most 120 characters."""
    if _HIDDEN.search(text):
        return "letters that cannot be seen"
    for form in _forms(text):
        for pattern in _PATTERNS:
            if found := pattern.search(form):
                start = form.rfind(" ", 0, max(0, found.start() - 10)) + 1
                return " ".join(form[start : max(found.end(), start + 60)].split())[:_SHOWN]
    return None


def addressed(sentence: str) -> bool:
    """Whether a sentence, outside its quotation marks, speaks to its reader or to a model."""
    own = _IN_QUOTES.sub("", unicodedata.normalize("NFKC", sentence))
    return bool(_ADDRESSED.search(own) or steering(sentence))


def _forms(text: str) -> list[str]:
    """The text, and where it is disguised, what it disguises."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    forms = [plain]
    if _SPACED.search(plain):
        forms.append(_SPACED.sub(lambda found: _closed_up(found[0]), plain))
    if _SPLIT.search(plain):
        forms.append(_SPLIT.sub(lambda found: re.sub(r"[.\-_*·]", "", found[0]), plain))
    if len(_MIXED.findall(plain)) > 2:
        forms.append(_MIXED.sub(lambda found: found[0].lower().translate(_LEET), plain))
    return forms


def _closed_up(spaced: str) -> str:
    return " ".join(part.replace(" ", "") for part in re.split(r" {2,}", spaced))
