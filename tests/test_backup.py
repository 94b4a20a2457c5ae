"""The home folder into one file and back."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import filelock
import pytest

from assistant.answering import Assistant
from assistant.corpus.adding import add_documents
from assistant.corpus.backup import back_up, restore
from assistant.errors import BackupError
from assistant.records import Kept, Records
from assistant.records.file import reading
from assistant.settings import Settings

Write = Callable[..., Path]


@pytest.fixture
def settings(
    tmp_path: Path, settings_for: Callable[..., Settings], write_source: Write
) -> Settings:
    """A home folder with an added document and an index."""
    write_source("harbour", "Each city keeps twelve ships in the harbour.")
    settings = settings_for(corpus=tmp_path / "corpus")
    letter = tmp_path / "letter.txt"
    letter.write_text("The mayor asks for twenty sailing boats.", encoding="utf-8")
    list(add_documents([letter], {"voice": "Mayor"}, settings.documents, settings.corpus))
    Assistant.open(settings)
    return settings


def test_a_restored_home_answers_as_before(
    tmp_path: Path, settings: Settings, settings_for: Callable[..., Settings]
) -> None:
    told: list[tuple[int, int]] = []
    count = back_up(settings.home, tmp_path / "kept.zip", lambda *far: told.append(far))
    assert told[-1] == (count, count) and count > 3
    other = settings_for(corpus=tmp_path / "corpus", home=tmp_path / "elsewhere")
    assert restore(tmp_path / "kept.zip", other.home) == count
    assistant = Assistant.open(other)
    assert assistant.index.update.unchanged == 2  # the index came with it
    answer = assistant.ask("What does the mayor ask for?")
    assert answer.citations[0].passage.source.voice == "Mayor"


def test_what_a_page_keeps_meanwhile_is_in_the_backup_whole(
    tmp_path: Path, settings: Settings
) -> None:
    records = Records(settings.records_file)
    records.keep("user:anna", "c1", Kept(id="e1", question="Ships?", asked=datetime.now(UTC)))
    with reading(records.path):  # so that what follows stays in the file beside it
        records.keep("user:anna", "c2", Kept(id="e2", question="Lamps?", asked=datetime.now(UTC)))
        back_up(settings.home, tmp_path / "kept.zip")
    restore(tmp_path / "kept.zip", tmp_path / "elsewhere")
    assert not list((tmp_path / "elsewhere").glob("records.sqlite3-*"))
    again = Records(tmp_path / "elsewhere" / "records.sqlite3")
    assert [c.name for c in again.conversations("user:anna")] == ["Lamps?", "Ships?"]


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path, settings: Settings) -> None:
    back_up(settings.home, tmp_path / "kept.zip")
    later = settings.documents / "later.md"
    later.write_text("Nine barges.", encoding="utf-8")
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "kept.zip", settings.home)
    assert later.exists()
    restore(tmp_path / "kept.zip", settings.home, replace=True)
    assert not later.exists() and (settings.documents / "letter.md").exists()
    assert sorted(p.name for p in tmp_path.iterdir() if "home" in p.name) == ["home"]


def test_a_backup_never_overwrites_and_leaves_no_half_file(
    tmp_path: Path, settings: Settings
) -> None:
    kept = tmp_path / "kept.zip"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(BackupError, match="exists already"):
        back_up(settings.home, kept)
    assert kept.read_text(encoding="utf-8") == "mine"
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(settings.home, tmp_path / "none" / "kept.zip")
    with pytest.raises(BackupError, match="no home folder"):
        back_up(tmp_path / "none", tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()


def test_no_backup_while_the_index_is_written(tmp_path: Path, settings: Settings) -> None:
    with filelock.FileLock(settings.index_folder / "index.lock"):
        with pytest.raises(BackupError, match="Another process"):
            back_up(settings.home, tmp_path / "kept.zip")
    assert not list(tmp_path.glob("*kept.zip*"))


def packed(path: Path, names: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return path


OURS = {"corpus-assistant-backup": b"1\n"}


@pytest.mark.parametrize(("names", "said"), [
    ({"documents/a.md": b"text"}, "no backup of this program"),
    (OURS | {"../up.md": b"text"}, "outside the home folder"),
    (OURS | {"documents/../../up.md": b"text"}, "outside the home folder"),
    (OURS | {"/up.md": b"text"}, "outside the home folder"),
])
def test_a_file_that_is_no_backup_changes_nothing(
    tmp_path: Path, settings: Settings, names: dict[str, bytes], said: str
) -> None:
    before = sorted(os.listdir(tmp_path))
    bad = packed(tmp_path / "bad.zip", names)
    with pytest.raises(BackupError, match=said):
        restore(bad, settings.home, replace=True)
    bad.unlink()
    assert sorted(os.listdir(tmp_path)) == before
    assert (settings.documents / "letter.md").exists()


def test_a_damaged_or_missing_backup_is_told(tmp_path: Path, settings: Settings) -> None:
    whole = tmp_path / "kept.zip"
    back_up(settings.home, whole)
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupError, match="damaged"):
        restore(whole, tmp_path / "elsewhere")
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 0xFF
    whole.write_bytes(flipped)
    with pytest.raises(BackupError, match="damaged|cannot be restored"):
        restore(whole, tmp_path / "elsewhere")
    with pytest.raises(BackupError, match="cannot be restored"):
        restore(tmp_path / "none.zip", tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_a_restore_killed_between_its_last_two_steps_loses_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    back_up(settings.home, tmp_path / "kept.zip")
    os.replace(settings.home, tmp_path / "home.before-restore")
    with pytest.raises(BackupError, match="--replace"):
        restore(tmp_path / "kept.zip", settings.home)
    assert (settings.documents / "letter.md").exists()
