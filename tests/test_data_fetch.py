import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import pcutils.data.fetch as fetch_module
from pcutils.cli import main
from pcutils.data import load
from pcutils.data.fetch import (
    NOTICE,
    Registry,
    fetch_rollouts,
)
from pcutils.errors import DataError

STATES = "CODE 1 (2020-01-01 09:30:00):\nfd 50\nCODE 2 (2020-01-01 09:31:00):\nfd 100<|endoftext|>"
NAMES = ("all_line", "all_star", "last_line")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class CodeHost:
    """A stand-in for the host of the release, on this computer: path in the repository to content."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents, self.asked, self.breaks_after = contents, [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def pattern(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{{repository}}/{{commit}}/{{path}}"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("/owner/name/0123abc/")
        self.asked.append(path)
        if path not in self.contents:
            handler.send_error(404)
            return
        content = self.contents[path]
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: self.breaks_after.pop(path, len(content))])


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[CodeHost]:
    rows = [[STATES, f"made-up-{number}", "line"] for number in range(2000)]
    contents = {f"rollouts/{name}": json.dumps([name, *rows][1:]).encode() + b" " * 7 for name in NAMES}
    contents["rollouts/all_star"] += b"\n"
    monkeypatch.setattr(fetch_module, "RETRIES", 0)
    host = CodeHost(contents)
    yield host
    host.server.shutdown()
    host.server.server_close()


@pytest.fixture
def registry(host: CodeHost) -> Registry:
    published = {path: digest(content) for path, content in host.contents.items()}
    return Registry("owner/name", "0123abc", published)


def test_fetched_files_are_whole_and_load(host: CodeHost, registry: Registry, tmp_path: Path) -> None:
    fetched = fetch_rollouts(tmp_path / "new" / "folder", registry=registry, host=host.pattern)
    assert [path.name for path in fetched] == [f"{name}.json" for name in NAMES]
    assert [path.read_bytes() for path in fetched] == list(host.contents.values())
    assert sorted(fetched) == sorted((tmp_path / "new" / "folder").iterdir())
    loaded = load("rollouts", path=str(tmp_path / "new" / "folder"))
    packed = tmp_path / "packed"
    packed.mkdir()
    for path in fetched:
        (packed / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert load("rollouts", path=str(packed)).to_dict() == loaded.to_dict()
    assert len(loaded) == 4000


def test_what_is_there_is_not_fetched_again(host: CodeHost, registry: Registry, tmp_path: Path) -> None:
    fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    host.asked.clear()
    (tmp_path / "all_star.json").write_bytes(b"spoilt")
    fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert host.asked == ["rollouts/all_star"]
    assert (tmp_path / "all_star.json").read_bytes() == host.contents["rollouts/all_star"]


@pytest.mark.parametrize("change", [b"x", b"", b"one byte more"], ids=["changed", "empty", "longer"])
def test_other_content_is_refused_and_not_kept(
    host: CodeHost, registry: Registry, tmp_path: Path, change: bytes
) -> None:
    content = host.contents["rollouts/all_star"]
    host.contents["rollouts/all_star"] = {b"x": content[:-1] + b"x", b"": b""}.get(change, content + change)
    with pytest.raises(DataError, match="all_star") as caught:
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    if change:
        assert digest(content) in str(caught.value)
        assert [path.name for path in tmp_path.iterdir()] == ["all_line.json"]
    assert not (tmp_path / "all_star.json").exists()


def test_missing_file_and_unreachable_host_are_named(
    host: CodeHost, registry: Registry, tmp_path: Path
) -> None:
    del host.contents["rollouts/all_star"]
    with pytest.raises(
        DataError, match=r"rollouts/all_star: found no file with the published content at http://127.*404"
    ):
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    with pytest.raises(DataError, match=r"found no file with the published content at http://127.0.0.1:9/"):
        fetch_rollouts(tmp_path, titles=["star"], registry=registry, host="http://127.0.0.1:9/{path}")


def test_titles_and_variants_choose(host: CodeHost, registry: Registry, tmp_path: Path) -> None:
    ask = {"registry": registry, "host": host.pattern}
    assert [p.name for p in fetch_rollouts(tmp_path, titles=["star"], **ask)] == ["all_star.json"]
    assert [p.name for p in fetch_rollouts(tmp_path, variants=["last"], **ask)] == ["last_line.json"]
    with pytest.raises(DataError, match="found no \\['tree'\\], expected some of line, star"):
        fetch_rollouts(tmp_path, titles=["tree"], **ask)
    with pytest.raises(DataError, match="field 'variants': found 'all'"):
        fetch_rollouts(tmp_path, variants=["all"], **ask)


def test_the_command_says_what_the_files_are(
    host: CodeHost, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "read_registry", lambda: registry)
    ask = ["fetch", "rollouts", "--to", str(tmp_path / "there"), "--host", host.pattern]
    done = CliRunner().invoke(main, [*ask, "--title", "line"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(NOTICE)
    assert "no licence" in NOTICE
    assert "names of real children" in NOTICE
    assert "2 files" in done.output
    host.contents["rollouts/all_star"] = b"other"
    failed = CliRunner().invoke(main, ask)
    assert failed.exit_code == 1
    assert "Error: rollouts/all_star: found" in failed.output


def test_an_interrupted_file_is_not_kept_and_is_fetched_by_the_next_call(
    host: CodeHost, registry: Registry, tmp_path: Path
) -> None:
    host.breaks_after = {"rollouts/all_star": 1000}
    with pytest.raises(DataError, match=r"all_star: found .*Call the command again: what is complete"):
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert [path.name for path in tmp_path.iterdir()] == ["all_line.json"]
    host.asked.clear()
    fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert host.asked == ["rollouts/all_star", "rollouts/last_line"]
