import traceback
from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import ServerAddress, Settings, read_settings


def test_without_any_setting_no_model_is_used_and_the_bundled_corpus_is_read() -> None:
    settings = read_settings()
    assert settings.model == "quotes"
    assert (settings.corpus / "nato-russia-founding-act-1997.md").is_file()
    assert (settings.prompts / "answer-small.txt").is_file()


def test_a_misspelt_environment_variable_is_refused_with_the_right_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSISTANT_MODLE", "quotes")
    with pytest.raises(SettingsError, match="Did you mean ASSISTANT_MODEL?"):
        read_settings()


def test_a_misspelt_name_in_dotenv_is_refused() -> None:
    with open(".env", "w", encoding="utf-8") as file:
        file.write("ASSISTANT_MODLE=quotes\n")
    with pytest.raises(SettingsError, match="ASSISTANT_MODEL"):
        read_settings()


def test_settings_are_read_from_dotenv_beside_those_of_other_programs() -> None:
    with open(".env", "w", encoding="utf-8") as file:
        file.write("OPENAI_API_KEY=sk-other\nFOO=bar\nASSISTANT_MODEL=ollama/tiny\n")
    assert read_settings().model == "ollama/tiny"


def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODEL_TIMEOUT", "soon")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert caught.value.variable == "ASSISTANT_MODEL_TIMEOUT"
    assert "soon" in str(caught.value)


def test_a_key_is_never_printed() -> None:
    settings = read_settings(api_key="sk-secret")
    assert "sk-secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_two_corpora_have_two_indexes() -> None:
    one, two = read_settings(corpus="/a/corpus"), read_settings(corpus="/b/corpus")
    assert one.index_folder != two.index_folder


def test_the_index_is_in_a_folder_or_its_vectors_at_a_servers_address() -> None:
    assert read_settings(chroma="some/folder").index_folder == Path("some/folder")
    one = read_settings(chroma="http://localhost:8000", home="/home")
    assert one.chroma == ServerAddress("http://localhost:8000")
    assert one.index_folder.parent == Path("/home/index")
    two = read_settings(chroma="https://vectors.example.org", home="/home")
    assert one.index_folder != two.index_folder != read_settings(home="/home").index_folder


@pytest.mark.parametrize("address", [
    "localhost:8000", "htp://localhost:8000", "http:/localhost:8000", "http://",
    "http://localhost:80000", "http://localhost:8000/api", "http://two words:8000",
])
def test_a_malformed_address_is_told_and_never_taken_for_a_folder(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ASSISTANT_CHROMA", address)
    with pytest.raises(SettingsError, match="address such as http://localhost:8000") as caught:
        read_settings()
    assert address in caught.value.fact


@pytest.mark.parametrize("address", [
    "http://reader:hush@localhost:8000", "http://reader:hush@localhost:80000",
    "http:/reader:hush@localhost:8000", "reader:hush@localhost", "http://reader:/hush@:1",
])
def test_a_password_in_an_address_is_never_printed(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ASSISTANT_CHROMA", address)
    try:
        settings = read_settings()
        told = repr(settings) + str(settings) + settings.model_dump_json()
    except SettingsError as error:
        told = "".join(traceback.format_exception(error)) + error.value
    assert "ASSISTANT_CHROMA" in told or "localhost" in told
    assert "hush" not in told


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
