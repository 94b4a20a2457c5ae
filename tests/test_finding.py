"""Which model servers are found on loopback, and what of other programs is not taken for one."""

from __future__ import annotations

import json
import time

import pytest

from assistant.models import finding, open_model
from assistant.models.finding import LocalServer, find_local, find_servers
from assistant.settings import read_settings
from tests.chroma_server import ChromaServer, free_port
from tests.stub_server import StubServer, stub_server


def listing(*names: object) -> tuple[int, str]:
    return 200, json.dumps({"object": "list", "data": [{"id": name} for name in names]})


def test_each_model_is_found_as_what_to_set(stub: StubServer) -> None:
    stub.listing = listing("small", "org/model-7b:q4")
    address = f"{stub.url}/v1"
    specs = find_local([stub.server_port])
    assert specs == (f"{address}#small", f"{address}#org/model-7b:q4")
    for spec in specs:
        model = open_model(read_settings(model=spec))
        assert model is not None and model.name == spec


def test_what_ollama_serves_is_named_as_ollamas(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "OLLAMA", f"http://localhost:{stub.server_port}/v1")
    stub.listing = listing("llama3.2:3b")
    assert find_local([stub.server_port]) == ("ollama/llama3.2:3b",)


def test_servers_keep_the_order_of_the_ports_and_those_without_one_are_passed_over() -> None:
    with stub_server() as one, stub_server() as other:
        ports = [other.server_port, free_port(), one.server_port, other.server_port]
        found = [server.address for server in find_servers(ports)]
    assert found == [f"{other.url}/v1", f"{one.url}/v1"]


def test_models_that_cannot_write_and_names_that_cannot_be_set_are_left_out(
    stub: StubServer
) -> None:
    stub.listing = listing("nomic-embed-text", "bge-m3", "two words", None, "", "small")
    assert find_local([stub.server_port]) == (f"{stub.url}/v1#small",)


def test_a_server_that_asks_for_a_key_is_told_without_models(stub: StubServer) -> None:
    stub.listing = (401, '{"error": {"message": "no key"}}')
    assert find_servers([stub.server_port]) == (LocalServer(f"{stub.url}/v1", (), locked=True),)
    assert find_local([stub.server_port]) == ()


def test_ollama_without_a_model_is_a_server_all_the_same(stub: StubServer) -> None:
    stub.listing = (200, '{"object": "list", "data": null}')
    assert find_servers([stub.server_port]) == (LocalServer(f"{stub.url}/v1", ()),)


@pytest.mark.parametrize(("status", "body"), [
    (200, "<!doctype html><title>Router</title>"), (200, "[]"), (200, '{"models": []}'),
    (200, '{"data": {"a": 1}}'), (404, '{"error": "not found"}'), (401, '{"detail": "log in"}'),
    (401, "<h1>Log in</h1>"), (500, '{"data": [{"id": "small"}]}'), (200, ""),
])
def test_what_is_no_list_of_models_is_no_model_server(
    status: int, body: str, stub: StubServer
) -> None:
    stub.listing = (status, body)
    assert find_servers([stub.server_port]) == ()


def test_a_chroma_server_is_no_model_server(running_chroma: ChromaServer) -> None:
    port = int(running_chroma.url.rpartition(":")[2])
    assert find_servers([port]) == ()


def test_a_server_that_never_answers_is_not_waited_for(stub: StubServer) -> None:
    stub.listing = None
    start = time.perf_counter()
    assert find_local([stub.server_port], seconds=0.2) == ()
    assert time.perf_counter() - start < 1.0


def test_a_body_without_end_is_cut_off(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_MOST_BYTES", 10)
    assert find_local([stub.server_port]) == ()
