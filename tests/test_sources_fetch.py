from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import pcutils.sources.fetch as fetch_module
from pcutils.cli import main
from pcutils.errors import DataError
from pcutils.sources import load
from pcutils.sources.fetch import (
    NOTICE,
    PublishedFile,
    Registry,
    fetch_rollouts,
    git_blob_hash,
    read_registry,
)

STATES = "CODE 1 (2020-01-01 09:30:00):\nfd 50\nCODE 2 (2020-01-01 09:31:00):\nfd 100<|endoftext|>"
NAMES = ("all_line", "all_star", "last_line")


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class CodeHost:
    """A stand-in for the host of the release, on this computer.

    Parameters
    ----------
    contents : dict of str to bytes
        Path in the repository to content.
    """

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents, self.asked, self.breaks_after = contents, [], {}
        self.ranges, self.failures = True, 0
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
        wanted = handler.headers.get("Range")
        self.asked.append((path, wanted))
        if self.failures:
            self.failures -= 1
            handler.send_error(503)
            return
        if path not in self.contents:
            handler.send_error(404)
            return
        content = self.contents[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        end = self.breaks_after.pop(path, len(content))
        handler.wfile.write(content[start:end])


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
    published = [PublishedFile(path, len(content), blob(content)) for path, content in host.contents.items()]
    return Registry("owner/name", "0123abc", tuple(published))


def test_hash_of_a_blob_is_that_of_git(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert git_blob_hash(tmp_path / "empty") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert git_blob_hash(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"


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
    assert host.asked == [("rollouts/all_star", None)]
    assert (tmp_path / "all_star.json").read_bytes() == host.contents["rollouts/all_star"]


@pytest.mark.parametrize("ranges", [True, False], ids=["goes on", "host cannot go on"])
def test_an_interrupted_file_is_continued(
    host: CodeHost, registry: Registry, tmp_path: Path, ranges: bool
) -> None:
    host.breaks_after = {"rollouts/all_star": 1000}
    host.ranges = ranges
    with pytest.raises(
        DataError, match=r"all_star: found a connection that ended after 1000 bytes"
    ) as caught:
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert "goes on from there" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["all_line.json"]
    assert len(load("rollouts", path=str(tmp_path))) == 2000, "a half file was taken for a whole one"
    host.asked.clear()
    fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert host.asked == [("rollouts/all_star", "bytes=1000-"), ("rollouts/last_line", None)]
    assert {path.name for path in tmp_path.iterdir()} == {f"{name}.json" for name in NAMES}
    assert (tmp_path / "all_star.json").read_bytes() == host.contents["rollouts/all_star"]


def test_a_busy_host_is_asked_again(
    host: CodeHost, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_module, "RETRIES", 1)
    host.failures = 1
    assert len(fetch_rollouts(tmp_path, registry=registry, host=host.pattern)) == 3
    assert host.asked[0] == host.asked[1]


@pytest.mark.parametrize("change", [b"x", b"", b"one byte more"], ids=["changed", "empty", "longer"])
def test_other_content_is_refused_and_not_kept(
    host: CodeHost, registry: Registry, tmp_path: Path, change: bytes
) -> None:
    content = host.contents["rollouts/all_star"]
    host.contents["rollouts/all_star"] = {b"x": content[:-1] + b"x", b"": b""}.get(change, content + change)
    with pytest.raises(DataError, match="all_star") as caught:
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    if change:
        assert blob(content) in str(caught.value)
        assert [path.name for path in tmp_path.iterdir()] == ["all_line.json"]
    assert not (tmp_path / "all_star.json").exists()


def test_a_half_file_of_another_release_is_refused_and_then_fetched(
    host: CodeHost, registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / ".all_line.json.part").write_bytes(b"not the beginning of this file")
    with pytest.raises(DataError, match="other content"):
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert len(fetch_rollouts(tmp_path, registry=registry, host=host.pattern)) == 3


def test_missing_file_and_unreachable_host_are_named(
    host: CodeHost, registry: Registry, tmp_path: Path
) -> None:
    del host.contents["rollouts/all_star"]
    with pytest.raises(DataError, match=r"rollouts/all_star: found the answer 404 from http://127"):
        fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    with pytest.raises(DataError, match=r"ended after 0 bytes \(URLError\)"):
        fetch_rollouts(tmp_path, titles=["star"], registry=registry, host="http://127.0.0.1:9/{path}")


def test_titles_and_variants_choose(host: CodeHost, registry: Registry, tmp_path: Path) -> None:
    ask = {"registry": registry, "host": host.pattern}
    assert [p.name for p in fetch_rollouts(tmp_path, titles=["star"], **ask)] == ["all_star.json"]
    assert [p.name for p in fetch_rollouts(tmp_path, variants=["last"], **ask)] == ["last_line.json"]
    with pytest.raises(DataError, match="found no \\['tree'\\], expected some of line, star"):
        fetch_rollouts(tmp_path, titles=["tree"], **ask)
    with pytest.raises(DataError, match="field 'variants': found 'all'"):
        fetch_rollouts(tmp_path, variants=["all"], **ask)


def test_progress_counts_every_byte_once(
    host: CodeHost, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []

    class Bar:
        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, n: int) -> None:
            counted.append(n)

    totals = []
    monkeypatch.setattr(fetch_module, "track", lambda *, total, **_: totals.append(total) or Bar())
    (tmp_path / ".all_star.json.part").write_bytes(host.contents["rollouts/all_star"][:500])
    fetch_rollouts(tmp_path, registry=registry, host=host.pattern)
    assert sum(counted) == totals[0] == sum(map(len, host.contents.values()))
    assert min(counted) > 0


def test_registry_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    for text in ("no json", "[]", '{"repository": "a/b", "commit": "c", "files": [{"path": "x"}]}'):
        path.write_text(text)
        with pytest.raises(DataError, match="expected a JSON object with repository, commit and files"):
            read_registry(path)
    with pytest.raises(DataError, match="no such file"):
        read_registry(tmp_path / "none.json")


def test_the_registry_of_the_release_has_hashes_only() -> None:
    registry = read_registry()
    assert registry.repository == "meghabyte/pencilcode-public"
    names = [file.local_name for file in registry.files]
    assert len(set(names)) == len(names) > 100
    for file in registry.files:
        assert file.path.startswith("rollouts/")
        assert len(file.blob) == 40
        assert file.size > 0
    address = registry.address(registry.files[0])
    assert address.startswith("https://")
    assert address.endswith(f"{registry.repository}/raw/{registry.commit}/{registry.files[0].path}")


def test_the_registry_is_that_of_the_published_files(shared_dir: Path, tmp_path: Path) -> None:
    published = {file.local_name: file for file in read_registry().files}
    packed = sorted((shared_dir / "rollouts").glob("*.json.gz"), key=lambda path: path.stat().st_size)
    assert {path.name.removesuffix(".gz") for path in packed} == set(published)
    for path in packed[:5]:
        content = gzip.decompress(path.read_bytes())
        file = published[path.name.removesuffix(".gz")]
        assert (len(content), blob(content)) == (file.size, file.blob)


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
