"""Who may do what at the served page: strangers, users, their programs, and other sites' pages."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from assistant.answering import Assistant
from assistant.errors import (
    AssistantError,
    LimitReached,
    PageUnavailable,
    SettingsError,
    UsersError,
)
from assistant.settings import Settings
from assistant.users import add_user, new_token, remove_user, users_path
from assistant.web import health
from assistant.web.access import COOKIE, NEAR, Visitor, open_access
from assistant.web.guard import PUBLIC, Sessions
from assistant.web.limits import Limits, Rate
from tests.browser.conftest import free_port
from tests.served import FROM_AFAR, PASSWORD, Served, served

ROOT = Path(__file__).parent.parent
FOREIGN = {"messages": [{"role": "user", "content": "Who won the 2018 World Cup?"}]}
COMPLETIONS = "/v1/chat/completions"


@contextmanager
def logged_in(server: Served, name: str) -> Iterator[httpx.Client]:
    """A browser of a user's."""
    with httpx.Client(base_url=server.url) as client:
        client.post("/login", data={"name": name, "password": PASSWORD, "next": "/"})
        assert COOKIE in client.cookies
        yield client


# --- strangers -------------------------------------------------------------------------------


def doors(routes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of every route, Gradio's own too."""
    for route in routes:
        if isinstance(route, Mount):
            yield from doors(route.routes, before + route.path)
        elif hasattr(route, "original_router"):  # FastAPI's, with paths in full
            yield from doors(route.original_router.routes, before)
        else:
            path = re.sub(r"\{(\w+)(:\w+)?\}", "x", before + route.path)
            for method in route.methods or ("GET", "POST"):
                yield method, path


def test_every_door_is_closed_to_strangers(team_server: Served) -> None:
    tried = sorted(set(doors(team_server.app.routes)))
    assert len(tried) > 60
    assert {p for _, p in tried} >= {
        "/", "/config", "/gradio_api/queue/join", "/gradio_api/queue/data", COMPLETIONS, "/mcp",
        "/metrics", "/gradio_api/file=x", "/gradio_api/info", "/gradio_api/upload",
    }
    with httpx.Client(base_url=team_server.url) as stranger:
        open_to_all = {
            (method, path) for method, path in tried
            if stranger.request(method, path, headers={"Authorization": "Bearer wrong"}).status_code
            not in (401, 403, 404)
        }
    assert {path for _, path in open_to_all} == set(PUBLIC)
    with logged_in(team_server, "anna") as user:  # or the walk would prove nothing
        for path in ("/", "/config", "/metrics", "/v1/models", "/gradio_api/info", "/theme.css"):
            assert user.get(path).status_code == 200, path


def test_a_stranger_s_browser_is_asked_to_log_in_and_led_back(team_server: Served) -> None:
    with httpx.Client(base_url=team_server.url, headers={"Accept": "text/html"}) as browser:
        reply = browser.get("/")
        assert reply.status_code == 303 and reply.headers["location"] == "/login?next=/"
        page = browser.get("/login?next=/%22%3E%3Cscript%3E")
        assert 'type="password"' in page.text and "<script>" not in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]
        form = {"name": "anna", "password": PASSWORD}
        for wish, led in (("/config", "/config"), ("//evil.example", "/"), ("/\\evil.example", "/"),
                          ("https://evil.example", "/"), ("", "/")):
            assert browser.post("/login", data={**form, "next": wish}).headers["location"] == led


def test_a_session_s_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(
    team_server: Served,
) -> None:
    form = {"name": "anna", "password": PASSWORD}
    reply = httpx.post(f"{team_server.url}/login", data=form)
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    over_tls = httpx.post(
        f"{team_server.url}/login", data=form, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in over_tls.headers["set-cookie"]
    value = reply.cookies[COOKIE]
    for forged in (value[:-1] + ("0" if value[-1] != "0" else "1"), "x." + value, ""):
        told = httpx.get(f"{team_server.url}/config", headers={"Cookie": f"{COOKIE}={forged}"})
        assert told.status_code == 401
    left = httpx.post(f"{team_server.url}/logout", headers={"Cookie": f"{COOKIE}={value}"})
    assert left.headers["location"] == "/login" and f'{COOKIE}=""' in left.headers["set-cookie"]


def test_wrong_passwords_are_slowed_down_for_their_sender_alone(team_server: Served) -> None:
    def tries(address: str, password: str) -> httpx.Response:
        return httpx.post(
            f"{team_server.url}/login", data={"name": "clara", "password": password},
            headers={"X-Forwarded-For": address},
        )

    told = [tries("198.51.100.9", "wrong").status_code for _ in range(11)]
    assert told == [401] * 10 + [429]
    right = tries("198.51.100.9", PASSWORD)
    assert right.status_code == 429 and 0 < int(right.headers["retry-after"]) <= 300
    assert "Too many wrong passwords" in right.text
    assert tries("198.51.100.10", PASSWORD).status_code == 303


def test_when_the_users_file_is_gone_nobody_comes_in(bundled: Assistant, tmp_path: Path) -> None:
    with served(bundled, auth=f"users:{tmp_path / 'users.json'}") as server, logged_in(
        server, "anna"
    ) as anna:
        (tmp_path / "users.json").unlink()
        assert anna.get("/config").status_code == 401
        form = {"name": "anna", "password": PASSWORD}
        told = anna.post("/login", data=form)
        assert told.status_code == 503 and "Tell who runs this page" in told.text


def test_a_program_comes_in_with_a_token_until_it_is_void(
    team_server: Served, tmp_path: Path
) -> None:
    path = users_path(team_server.assistant.settings)
    add_user(path, "dora", PASSWORD)
    token = new_token(path, "dora")
    headers = {"Authorization": f"Bearer {token}"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}

    def comes_in() -> list[int]:
        with httpx.Client(base_url=team_server.url, headers=headers) as program:
            return [
                program.post(COMPLETIONS, json=FOREIGN).status_code,
                program.post("/mcp", json=call, headers=accept).status_code,
                program.get("/gradio_api/info").status_code,
                program.get("/metrics").status_code,
            ]

    assert comes_in() == [200] * 4
    remove_user(path, "dora")
    assert comes_in() == [401] * 4
    refused = httpx.post(team_server.url + COMPLETIONS, json=FOREIGN, headers=headers)
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "invalid_api_key"


def test_gradio_s_client_comes_in_with_a_token(
    team_server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradio_client import Client

    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    client = Client(
        team_server.url, verbose=False, headers=team_server.as_user("boris"),
        analytics_enabled=False,
    )
    assert client.predict("Who won?", api_name="/ask")["outcome"] == "not_in_corpus"
    client.close()


def test_a_user_cannot_read_on_in_another_s_session(team_server: Served) -> None:
    body = {"data": ["Who won?", [], {}, "corpus"], "session_hash": "annas", "fn_index": 0}
    with logged_in(team_server, "anna") as anna, logged_in(team_server, "boris") as boris:
        own = anna.post("/gradio_api/reset", json={"session_hash": "annas", "event_id": "x"})
        assert own.status_code == 200
        for reply in (
            boris.get("/gradio_api/queue/data?session_hash=annas"),
            boris.get("/gradio_api/queue/data?session_hash=own&session_hash=annas"),
            boris.get("/gradio_api/heartbeat/annas"),
            boris.post("/gradio_api/queue/join", json=body),
            boris.post("/gradio_api/run/predict", json=body),
        ):
            assert reply.status_code == 403 and "another user's" in reply.text


def test_sessions_are_their_first_owner_s() -> None:
    sessions = Sessions()
    assert sessions.belongs("s", "anna") and sessions.belongs("s", "anna")
    assert not sessions.belongs("s", "boris") and sessions.belongs("t", "boris")


# --- identity --------------------------------------------------------------------------------


def asked(address: str, **headers: str) -> HTTPConnection:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": (address, 4711)})


def test_a_proxy_s_header_counts_only_from_a_trusted_address(
    settings_for: Callable[..., Settings],
) -> None:
    settings = settings_for(auth="header:Remote-User", trust="10.0.0.0/8, 192.168.1.5")
    access = open_access(settings, "0.0.0.0")

    def owner(address: str, **headers: str) -> str | None:
        visitor = access.visitor(asked(address, **headers))
        return visitor.owner if visitor else None

    assert owner("10.1.2.3", remote_user="anna") == "anna"
    assert owner("::ffff:10.1.2.3", remote_user=" Żaneta K ") == "Żaneta K"
    assert owner("192.168.1.5", remote_user="anna") == "anna"
    for stranger in ("192.168.1.6", "127.0.0.1", "11.0.0.1", "", "not an address"):
        assert owner(stranger, remote_user="anna") is None
        assert owner(stranger, remote_user="anna", x_forwarded_for="10.1.2.3") is None
    assert owner("10.1.2.3") is None and owner("10.1.2.3", remote_user=" ") is None
    assert owner("10.1.2.3", remote_user="a\x00b") is None
    twice = asked("10.1.2.3", remote_user="anna")
    twice.scope["headers"].append((b"remote-user", b"boris"))
    assert access.visitor(twice) is None


def test_where_a_request_comes_from_is_believed_of_trusted_proxies_alone(
    settings_for: Callable[..., Settings],
) -> None:
    access = open_access(settings_for(trust="10.0.0.1,10.0.0.2"), "127.0.0.1")
    for address, forwarded, told in (
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2", "203.0.113.7"),  # the first is its own
        ("203.0.113.9", "203.0.113.7", "203.0.113.9"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ):
        assert access.address(asked(address, x_forwarded_for=forwarded)) == told


@pytest.mark.parametrize(("auth", "trust", "fact"), [
    ("header:Remote-User", "", "Anyone can send the header Remote-User."),
    ("header:Remote-User", "10.0.0.300", "'10.0.0.300' in ASSISTANT_TRUST is no address."),
    ("header:", "10.0.0.1", "is not known"), ("passwords", "", "is not known"),
])
def test_a_wrong_setting_is_told_at_the_start(
    settings_for: Callable[..., Settings], auth: str, trust: str, fact: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(fact)):
        open_access(settings_for(auth=auth, trust=trust), "127.0.0.1")


def test_without_a_user_nothing_is_served_to_users(settings_for: Callable[..., Settings]) -> None:
    with pytest.raises(UsersError, match="Add the first user: assistant users add NAME"):
        open_access(settings_for(auth="users"), "127.0.0.1")


# --- other sites, files ----------------------------------------------------------------------


def test_other_sites_pages_may_not_act_here(open_server: Served) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200)):
        reply = httpx.post(
            open_server.url + COMPLETIONS, json=FOREIGN, headers={"Sec-Fetch-Site": site}
        )
        assert reply.status_code == status, site
    # a name of theirs that was made to point to this machine
    rebound = httpx.get(open_server.url + "/", headers={"Host": "evil.example"})
    assert rebound.status_code == 403 and "Only this machine is served" in rebound.text
    behind = {"Host": "corpus.example.org", **FROM_AFAR}
    assert httpx.get(open_server.url + "/health", headers=behind).status_code == 200


def test_no_file_is_given_away(open_server: Served) -> None:
    home = open_server.assistant.settings.home
    secret = home / ".env"
    secret.write_text("SECRET=hunter2", encoding="utf-8")
    link = home / "link.txt"
    link.symlink_to(secret)
    up = "../" * 12
    targets = [
        str(secret), str(link), str(home / "conversations.sqlite"), f"{up}{secret}", "/etc/passwd",
        f"{up}etc/passwd", str(ROOT / "pyproject.toml"), "pyproject.toml", "~/.bashrc",
        "file:///etc/passwd", "http://127.0.0.1:1/x", "https://example.org/",
    ]
    encoded = [t.replace("/", "%2f").replace(".", "%2e") for t in targets]
    doors = (
        "/gradio_api/file={}", "/gradio_api/file/{}", "/file={}", "/static/{}", "/assets/{}",
        "/svelte/{}", "/gradio_api/proxy={}", "/gradio_api/custom_component/{}/client/x/y",
        "/gradio_api/file=x?path={}&url={}&redirect={}", "/theme.css/../{}",
        "/gradio_api/%66ile={}",
        "//gradio_api/file={}", "/x/../gradio_api/file={}", "/gradio_api//file={}",
    )
    netloc = urlsplit(open_server.url).netloc
    for door in doors:
        for target in (*targets, *encoded):
            path = door.replace("{}", target)
            raw = http.client.HTTPConnection(netloc)  # sends dots and slashes as they stand
            raw.request("GET", path.replace(" ", "%20"))
            reply = raw.getresponse()
            body = reply.read()
            raw.close()
            assert reply.status in (307, 400, 403, 404, 405), (path, reply.status)
            assert b"hunter2" not in body and b"root:" not in body, path
            assert not reply.getheader("location", "/").startswith(("http://e", "https", "//"))


def test_nothing_is_uploaded_and_nothing_of_gradio_s_beyond_the_page_answers(
    open_server: Served,
) -> None:
    with httpx.Client(base_url=open_server.url) as client:
        files = {"files": ("a.txt", b"text")}
        assert client.post("/gradio_api/upload", files=files).status_code == 403
        assert client.post("/gradio_api/upload/", files=files).status_code == 403
        for path in ("runs", "deep_link", "vibe-code", "component_server", "process_recording",
                     "openapi.json", "dev/reload", "token"):
            assert client.get(f"/gradio_api/{path}").status_code == 404
            assert client.post(f"/gradio_api/{path}", json={}).status_code == 404
        assert client.get("/monitoring/summary").status_code in (403, 404)


# --- limits, health --------------------------------------------------------------------------


def test_a_reader_s_questions_are_counted_over_a_minute_and_at_once() -> None:
    now = [0.0]
    limits = Limits(2, 1, clock=lambda: now[0])
    anna = Visitor(owner="anna", address="203.0.113.7", near=False)
    boris = Visitor(owner="boris", address="203.0.113.7", near=False)
    with limits.admit(anna):
        with limits.admit(boris):
            pass
        with pytest.raises(LimitReached, match="1 questions at once") as caught, limits.admit(anna):
            pass
        assert caught.value.retry_after > 0
    now[0] = 20.0
    with limits.admit(anna):
        pass
    now[0] = 30.5
    with pytest.raises(LimitReached, match="Ask again in 30 s.") as caught, limits.admit(anna):
        pass
    assert caught.value.retry_after == 30
    now[0] = 60.0
    with limits.admit(anna):
        pass
    for _ in range(9):
        with limits.admit(NEAR):
            pass


def test_a_question_that_breaks_off_is_no_longer_under_way() -> None:
    limits = Limits(0, 1)
    anna = Visitor(owner="anna", address="", near=False)
    with pytest.raises(AssistantError), limits.admit(anna):
        raise UsersError("x", "y")
    with limits.admit(anna):
        pass


def test_one_subscriber_s_many_addresses_count_as_one() -> None:
    keys = {Visitor(owner="", address=f"2001:db8::{n}", near=False).key for n in range(1, 9)}
    assert len(keys) == 1
    assert Visitor(owner="", address="2001:db8:0:1::1", near=False).key not in keys


def test_who_did_nothing_lately_is_forgotten() -> None:
    now = [0.0]
    rate = Rate(1, 60, clock=lambda: now[0])
    for n in range(10_001):
        rate.count(f"key {n}")
    now[0] = 61.0
    rate.count("last")
    assert len(rate._times) == 1


def test_health_is_told_to_everybody_and_says_when_the_index_is_missing(
    team_server: Served, bundled: Assistant, tmp_path: Path
) -> None:
    reply = httpx.get(f"{team_server.url}/health")
    told = reply.json()
    assert reply.status_code == 200
    assert told == {
        "status": "ok", "index": "whole", "sources": len(bundled.corpus.sources),
        "passages": len(bundled.index.passages), "corpus_version": bundled.corpus.version,
    }
    index = team_server.assistant.settings.index_folder / "manifest.json"
    away = index.rename(tmp_path / "manifest.json")
    try:
        reply = httpx.get(f"{team_server.url}/health")
    finally:
        away.rename(index)
    assert reply.status_code == 503 and reply.json()["status"] == "unavailable"


def metrics(url: str) -> dict[str, float]:
    text = httpx.get(f"{url}/metrics").text
    assert all(re.fullmatch(r'# .+|[a-z_]+(\{[a-z]+="[^"]+"\})? [\d.]+', line)
               for line in text.strip().split("\n"))
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def test_what_was_answered_is_counted_for_who_is_at_the_machine(open_server: Served) -> None:
    before = metrics(open_server.url)
    assert httpx.post(open_server.url + COMPLETIONS, json=FOREIGN).status_code == 200
    httpx.post(open_server.url + COMPLETIONS, json={
        "messages": [{"role": "user", "content": "x" * 5_000}]
    })
    after = metrics(open_server.url)

    def more(name: str) -> float:
        return after[f"assistant_{name}"] - before.get(f"assistant_{name}", 0)

    assert more('questions_total{outcome="not_in_corpus"}') == 1
    assert more('errors_total{kind="QuestionError"}') == 1
    assert more("question_seconds_count") == 1 == more('question_seconds_bucket{le="+Inf"}')
    assert more('question_seconds_bucket{le="300"}') == 1 and more("question_seconds_sum") > 0
    assert after["assistant_questions_in_flight"] == 0
    afar = httpx.get(f"{open_server.url}/metrics", headers=FROM_AFAR)
    assert afar.status_code == 403 and "assistant_" not in afar.text


def test_a_question_that_the_reader_stops_is_counted_too(bundled: Assistant) -> None:
    counted = health.Metrics()
    events = counted.watch(iter(bundled.stream("Who won the 2018 World Cup?")))
    next(events)
    assert "assistant_questions_in_flight 1" in counted.text()
    events.close()  # type: ignore[attr-defined]
    assert "assistant_questions_in_flight 0" in counted.text()
    assert 'assistant_questions_total{outcome="stopped"} 1' in counted.text()


# --- the program -----------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "port", "fact"), [
    ("fe80::1%nowhere", 7860, "cannot be served at fe80::1%nowhere:7860"),
    ("127.0.0.1", 70_000, "There is no port 70000."),
])
def test_an_address_that_cannot_be_is_told(host: str, port: int, fact: str) -> None:
    from assistant.web.server import listen

    with pytest.raises(PageUnavailable, match=fact):
        listen(host, port)


def test_it_is_told_who_can_come_in_unasked() -> None:
    from assistant.web.server import who_comes_in

    assert "whoever reaches this machine at 0.0.0.0" in who_comes_in("0.0.0.0", "")
    assert who_comes_in("0.0.0.0", "users") == "" == who_comes_in("127.0.0.1", "")


def test_a_taken_port_is_told(open_server: Served) -> None:
    from assistant.web.server import listen

    port = urlsplit(open_server.url).port
    assert port
    with pytest.raises(PageUnavailable, match=f"Port {port} is in use. .* --port {port + 1}"):
        listen("127.0.0.1", port)


_HOOK = """
import json, os, sys
sys.modules["uvloop"] = None  # it connects where no hook sees it
log = open(os.environ["SOCKETS"], "a", buffering=1, encoding="utf-8")

def hook(event, args):
    if event in ("socket.connect", "socket.sendto"):
        log.write(json.dumps([event, args[1]], default=str) + "\\n")
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        log.write(json.dumps([event, args[0]], default=str) + "\\n")

sys.addaudithook(hook)
"""


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment in which every Python process writes down what it connects to, and where."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(tmp_path / "hook"), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "SOCKETS": str(tmp_path / "sockets")}, (
        tmp_path / "sockets"
    )


def connected(log: Path) -> set[str]:
    """All hosts that were connected to or looked up."""
    told = [json.loads(line)[1] for line in log.read_text(encoding="utf-8").splitlines()]
    return {str(one[0] if isinstance(one, list) else one) for one in told}


def test_from_start_to_answer_nothing_reaches_out(
    recorded: tuple[dict[str, str], Path], write_source: Callable[..., Path], tmp_path: Path
) -> None:
    environment, log = recorded
    reach = (
        "import socket\n"
        "for go in (lambda: socket.create_connection(('203.0.113.1', 9), 0.01),\n"
        "           lambda: socket.getaddrinfo('telemetry.example', 443)):\n"
        "    try: go()\n"
        "    except OSError: pass"
    )
    subprocess.run([sys.executable, "-c", reach], env=environment, check=True)
    assert connected(log) >= {"203.0.113.1", "telemetry.example"}  # the hook sees it
    log.unlink()

    write_source("harbour", "Each city keeps twelve ships in the harbour.")
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-m", "assistant", "serve", "--port", str(port)], cwd=ROOT,
        env={**environment, "ASSISTANT_CORPUS": str(tmp_path / "corpus")},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url, program)
        body = {"messages": [{"role": "user", "content": "How many ships does each city keep?"}]}
        reply = httpx.post(url + COMPLETIONS, json=body, timeout=60)
        assert reply.json()["outcome"] == "answered"
        assert httpx.get(url, timeout=60).status_code == 200
        assert httpx.get(f"{url}/v1/models", timeout=60).status_code == 200
    finally:
        program.terminate()
        told, _ = program.communicate(timeout=60)
    assert f"The page is at {url}" in told and "Traceback" not in told
    hosts = connected(log)
    assert "127.0.0.1" in hosts  # the look for model servers on this machine
    assert {h for h in hosts if h not in ("127.0.0.1", "::1", "localhost")} == set()


def wait_for(url: str, program: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end and program.poll() is None:
        try:
            httpx.get(f"{url}/health", timeout=60).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)
    program.kill()
    pytest.fail(f"the page did not come up: {program.communicate()[0]}")
