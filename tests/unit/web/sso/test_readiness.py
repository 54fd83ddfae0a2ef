"""`/sso/readiness` asks the provider, and says what fails. A password is changed in the session of its owner."""

import asyncio

import pytest
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.sso.conftest import OUTSIDE, Started

from gatewright.sso import readiness

SHAPE = {"status", "sso_configured", "provider", "message", "providers"}


async def test_the_embedded_provider_answers(started: Started) -> None:
    worker = await started.worker()
    found = await worker.admin.get("/sso/readiness")
    assert (found.status_code, found.json().keys()) == (200, SHAPE)
    assert (found.json()["status"], found.json()["sso_configured"]) == ("healthy", True)
    assert found.json()["provider"] == "embedded"
    assert (await worker.client.get("/sso/readiness")).status_code == 401


async def test_a_provider_that_goes_away_is_said_to(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head.split(" ")[1])
        writer.write(b"HTTP/1.1 400 X\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ends = {name: value.replace("http://127.0.0.1:9", origin) for name, value in OUTSIDE.items()}
    worker = await started.worker(**ends)
    # It sends protocol errors for requests without parameters: it is there.
    first = await worker.admin.get("/sso/readiness")
    assert (first.status_code, first.json()["provider"]) == (200, "generic")
    assert asked == ["/AUTHORIZATION", "/TOKEN"]
    server.close()
    await server.wait_closed()
    # However many poll, it is asked again after a while only.
    assert (await worker.admin.get("/sso/readiness")).status_code == 200
    monkeypatch.setattr(readiness, "KEPT_FOR", 0)
    gone = await worker.admin.get("/sso/readiness")
    detail = gone.json()["detail"]
    assert (gone.status_code, gone.json().keys()) == (503, {"detail"})
    assert detail.keys() == SHAPE | {"missing_environment_variables"}
    assert (detail["status"], detail["sso_configured"], detail["provider"]) == ("unhealthy", True, "generic")
    assert detail["missing_environment_variables"] == []
    assert "127.0.0.1" in detail["message"]


async def test_the_password_of_ones_own(desk: Desk) -> None:
    made = await desk.user("ada")
    await desk.ok("POST", f"/core/users/{made['pk']}/set_password/", {"password": PASSWORD})
    session = await desk.browser(await desk.row(made["pk"]))
    body = {"current_password": PASSWORD, "new_password": "another password of hers"}

    async def change(headers: dict[str, str], **more: str) -> int:
        answer = await desk.worker.client.post("/user/password/change", json={**body, **more}, headers=headers)
        return answer.status_code

    assert await change({"cookie": session["cookie"]}) == 403
    assert await change(await desk.virtual_key(await desk.row(made["pk"]))) == 403
    assert await change(session, current_password="wrong") == 403
    assert await change(session) == 200
    assert await change(session) == 401
    assert await desk.sign_in("ada") != 303
    assert await desk.sign_in("ada", "another password of hers") == 303
