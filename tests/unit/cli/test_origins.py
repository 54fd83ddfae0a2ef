"""Which server a call goes to, with which credential; and that no other server ever sees one."""

from collections.abc import Callable

from .conftest import Cli
from .gateway import KEY, ME, Gateway, Reply


def test_two_servers_and_no_credential_at_the_wrong_one(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    first, second, foreign = gateways(), gateways(), gateways()
    first.keys, second.keys = {"sk-first": ME}, {"sk-second": ME}
    cli.store(first.url, "sk-first")
    cli.store(second.url, "sk-second")

    assert cli("whoami").code == 0
    assert cli("--url", first.url, "whoami").code == 0
    assert cli("whoami", "--url", f"{first.url}/").code == 0
    assert cli("models", env={"LITELLM_PROXY_URL": first.url}).code == 0
    assert cli("whoami", "--base-url", foreign.url).code == 4
    second.instead["GET", "/api/v1/me"] = Reply(307, None, {"location": f"{foreign.url}/api/v1/me"})
    assert cli("whoami").code == 1
    assert cli("logout", second.url).code == 0

    assert {seen.headers.get("authorization") for seen in first.seen} == {"Bearer sk-first"}
    assert {seen.headers.get("authorization") for seen in second.seen} == {"Bearer sk-second"}
    assert foreign.seen == []


def test_a_proxy_of_the_environment_sees_nothing_of_this_machine(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    gateway, proxy = gateways(), gateways()
    cli.store(gateway.url, KEY)
    assert cli("whoami", env={"HTTP_PROXY": proxy.url, "ALL_PROXY": proxy.url}).code == 0
    assert proxy.seen == []


def test_ours_come_before_litellms_variables_and_flags_before_both(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    ours, theirs, flag = gateways(), gateways(), gateways()
    env = {
        "GATEWRIGHT_URL": ours.url,
        "LITELLM_PROXY_URL": theirs.url,
        "GATEWRIGHT_API_KEY": "sk-ours",
        "LITELLM_PROXY_API_KEY": "sk-theirs",
    }
    cli("whoami", env=env)
    cli("--url", flag.url, "--api-key", "sk-flag", "whoami", env=env)
    assert [seen.headers["authorization"] for seen in ours.seen] == ["Bearer sk-ours"]
    assert theirs.seen == []
    assert [seen.headers["authorization"] for seen in flag.seen] == ["Bearer sk-flag"]
