"""Start, stop, health, and starts that are refused with the name of the setting."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.servers import MASTER_KEY, environment, free_port, gatewright


def test_serve_prints_three_lines_and_answers_on_both_loopback_addresses(
    tmp_path: Path, empty_db_url: str | None
) -> None:
    with gatewright(tmp_path, DATABASE_URL=empty_db_url) as server, server.client() as http:
        assert server.lines[0].endswith(f"http://localhost:{server.port}\n")
        assert server.lines[1].startswith("Data: ")
        assert "gatewright.db" in server.lines[1] or "postgresql" in server.lines[1]
        assert "/setup?token=" in server.lines[2]
        assert http.get("/health/liveliness").json() == "I'm alive!"
        for host in ("127.0.0.1", "[::1]"):
            answer = http.get(f"http://{host}:{server.port}/health/readiness")
            assert answer.json() == {"status": "healthy", "db": "connected"}
        link_file = tmp_path / "setup-link"
        assert link_file.read_text().strip() == server.setup_link
        assert stat.S_IMODE(link_file.stat().st_mode) == 0o600


def test_a_host_name_that_is_not_ours_is_refused_on_pages(tmp_path: Path) -> None:
    with gatewright(tmp_path, workers=1) as server, server.client() as http:
        refused = http.get("/setup", headers={"Host": "evil.example"})
        assert refused.status_code == 421
        assert "PROXY_BASE_URL" in refused.text
        moved = http.get(f"http://127.0.0.1:{server.port}/setup?token=a")
        assert (moved.status_code, moved.headers["location"]) == (307, f"{server.url}/setup?token=a")


def test_generated_keys_are_private_and_stay_the_same(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        with gatewright(tmp_path, workers=1, LITELLM_MASTER_KEY=None):
            for name in ("master-key", "salt-key"):
                assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
            found.append((tmp_path / "master-key").read_text())
    assert found[0] == found[1]
    assert found[0].startswith("sk-")


REFUSED = [
    ({"LITELLM_MASTER_KEY": "sk-1234"}, "LITELLM_MASTER_KEY (environment): this key stands in public documents"),
    ({"LITELLM_MASTER_KEY": "sk-your-master-key"}, "LITELLM_MASTER_KEY (environment): this key stands in public"),
    ({"LITELLM_MASTER_KEY": "sk-aaaaaaaaaaaaaaaa"}, "LITELLM_MASTER_KEY (environment): this key is trivial"),
    ({"LITELLM_SALT_KEY": "sk-your-salt-key"}, "LITELLM_SALT_KEY (environment): this key stands in public"),
    ({"GATEWRIGHT_WORKERS": "many"}, "GATEWRIGHT_WORKERS (environment): 'many' is not a whole number"),
    ({"PROXY_BASE_URL": "llm.example.com"}, "PROXY_BASE_URL (environment): 'llm.example.com' is not an http"),
    ({"GENERIC_CLIENT_ID": "litellm"}, "GENERIC_AUTHORIZATION_ENDPOINT (environment): GENERIC_CLIENT_ID is set but"),
    ({"GATEWRIGHT_ADMIN_EMAIL": "a@b.local"}, "GATEWRIGHT_ADMIN_PASSWORD (environment): it is missing"),
    ({"ALLOWED_EMAIL_DOMAINS": "@example.com"}, "ALLOWED_EMAIL_DOMAINS (environment): '@example.com' is not a domain"),
    ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL (environment): the scheme 'mysql' is not"),
    (
        {"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x", "LITELLM_MASTER_KEY": None},
        "LITELLM_SALT_KEY (environment): neither it nor LITELLM_MASTER_KEY is set",
    ),
]


@pytest.mark.parametrize(("env", "text"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_wrong_setting_stops_the_start_and_is_named(tmp_path: Path, env: dict[str, str | None], text: str) -> None:
    done = start(tmp_path, env)
    assert done.returncode == 2
    assert f"error: {text}" in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_config_file_that_is_not_yaml_is_refused_with_the_line(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("model_list:\n  - model_name: a\n   litellm_params: {}\n")
    done = start(tmp_path, {"GATEWRIGHT_CONFIG": str(config)})
    assert "--config (c.yaml): it is not YAML at line 3" in done.stderr
    assert done.returncode == 2


def test_a_reference_to_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "model_list:\n  - model_name: a\n    litellm_params: {model: openai/b, api_key: os.environ/NOT_SET_ANYWHERE}\n"
    )
    done = start(tmp_path, {"GATEWRIGHT_CONFIG": str(config)})
    assert "model_list[0].litellm_params.api_key (c.yaml line 3): it refers to NOT_SET_ANYWHERE" in done.stderr


def test_another_key_than_the_database_was_written_with_stops_the_start(
    tmp_path: Path, empty_db_url: str | None
) -> None:
    with gatewright(tmp_path, workers=1, DATABASE_URL=empty_db_url):
        pass
    done = start(tmp_path, {"DATABASE_URL": empty_db_url, "LITELLM_MASTER_KEY": f"{MASTER_KEY}-changed"})
    assert done.returncode == 2
    assert "error: LITELLM_SALT_KEY (environment or config.yaml): is not the key that the secrets" in done.stderr
    assert "Set it to what it was" in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with gatewright(tmp_path, workers=1) as server:
        done = start(tmp_path / "other", {"GATEWRIGHT_PORT": str(server.port)})
        assert f"cannot listen on 127.0.0.1 port {server.port}" in done.stderr
        assert done.returncode == 2


def test_what_is_written_is_this_users_alone_even_in_an_open_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "gatewright.db").touch(mode=0o644)
    with gatewright(folder, workers=1) as server, server.admin() as http:
        answer = http.post("/v1/chat/completions", json={"model": "echo", "messages": []})
        assert answer.status_code == 200
        found = {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*")}

    assert {"gatewright.db", "gatewright.db-wal", "setup-link", "journal"} <= found.keys()
    assert set(found.values()) == {0}


def test_a_variable_without_effect_is_reported_by_name(tmp_path: Path) -> None:
    done = start(tmp_path, {"LITELLM_NOT_A_SETTING": "1", "GENERIC_SCOPES": "x", "LITELLM_MASTER_KEY": "sk-1234"})
    assert done.returncode == 2
    with gatewright(tmp_path, workers=1, LITELLM_NOT_A_SETTING="1") as server:
        errors = server.stop()
    assert "warning: LITELLM_NOT_A_SETTING is set but not supported by this version" in errors


def start(data_dir: Path, env: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Starts the server and waits for it to give up."""
    given = {"GATEWRIGHT_PORT": str(free_port()), "LITELLM_MASTER_KEY": MASTER_KEY, **env}
    command = [sys.executable, "-m", "gatewright", "serve"]
    return subprocess.run(
        command, env=environment(data_dir, **given), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_folder_of_blueprints_and_the_length_of_passwords_reach_the_provider(
    tmp_path: Path, empty_db_url: str | None
) -> None:
    folder = tmp_path / "blueprints"
    folder.mkdir()
    entry = "{model: authentik_core.group, identifiers: {name: !Env TEAM}, attrs: {attributes: {quota: 5}}}"
    (folder / "team.yaml").write_text(f"version: 1\nentries:\n  - {entry}\n")
    with gatewright(
        tmp_path / "data",
        workers=1,
        DATABASE_URL=empty_db_url,
        GATEWRIGHT_BLUEPRINTS_DIR=str(folder),
        GATEWRIGHT_PASSWORD_MIN_LENGTH="14",
        TEAM="red",
    ) as server:
        with server.admin() as http:
            found = http.get("/api/v3/core/groups/", params={"name": "red"}).json()["results"]
            assert [group["attributes"] for group in found] == [{"quota": 5}]
        with server.client() as http:
            assert 'minlength="14"' in http.get(server.setup_link).text
    (folder / "team.yaml").write_text("version: 1\nentries:\n  - {model: nothing, identifiers: {name: x}}\n")
    done = start(tmp_path / "other", {"GATEWRIGHT_BLUEPRINTS_DIR": str(folder)})
    assert "team.yaml: Line 3, nothing: the model nothing is not supported" in done.stderr
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
