"""A file → its text. One reader per kind of file, chosen by the file's ending."""

from __future__ import annotations

from pathlib import Path

from assistant.errors import UnreadableSource

READABLE = (".md", ".txt")


def read_text(path: Path) -> str:
    """The text of a Markdown or plain-text file, line ends as `\\n`, no byte-order mark.

    UTF-8 first; other encodings are detected. Raises UnreadableSource for what is not text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableSource(
            f"the file cannot be read ({error.strerror}).",
            "Check that it exists and that you may read it.", path=path,
        ) from error
    text = _decode(raw, path)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise UnreadableSource("the file is empty.", "Put its text in, or remove it.", path=path)
    return text


def _decode(raw: bytes, path: Path) -> str:
    if b"\x00" not in raw or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            from charset_normalizer import from_bytes

            if best := from_bytes(raw).best():
                return str(best)
    raise UnreadableSource(
        "the file is not text.", "Save it as plain text (UTF-8), or remove it.", path=path
    )
