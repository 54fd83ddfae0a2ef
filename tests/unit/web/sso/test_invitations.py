"""LiteLLM's invitations as administrators and scripts call them, where the embedded provider signs people in."""

import asyncio
import base64
import json
from typing import Any

import httpx2
import pytest
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.conftest import BASE

ROW = {
    *("id", "user_id", "is_accepted", "accepted_at", "expires_at", "created_at", "created_by"),
    *("updated_at", "updated_by"),
}


async def post(desk: Desk, path: str, body: dict[str, Any], status: int = 200) -> Any:
    answer = await desk.worker.admin.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def claim(desk: Desk, token: str, user_id: str, password: str = PASSWORD) -> httpx2.Response:
    body = {"invitation_link": token, "user_id": user_id, "password": password}
    return await desk.worker.client.post("/onboarding/claim_token", json=body)


async def test_a_script_makes_an_invitation_and_its_holder_claims_it_once(desk: Desk) -> None:
    await desk.user("ada", email="ada@example.com")
    made = await post(desk, "/invitation/new", {"user_id": "ada"})
    assert made.keys() == ROW
    assert (made["user_id"], made["is_accepted"], made["accepted_at"]) == ("ada", False, None)
    token = made["id"]
    # What LiteLLM's dashboard does with the link: look, decode without checking, claim.
    for _ in range(2):
        looked = (await desk.worker.client.get("/onboarding/get_token", params={"invite_link": token})).json()
    assert looked["login_url"] == f"{BASE}/onboarding?invitation_id={token}"
    assert looked["user_email"] == "ada@example.com"
    header, payload, signature = looked["token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "none"
    assert (signature, claims["user_id"], claims["key"]) == ("", "ada", token)
    for credential in (looked["token"], claims["key"]):
        peek = await desk.worker.client.get("/user/info", headers={"authorization": f"Bearer {credential}"})
        assert peek.status_code == 401
    assert (await claim(desk, token, "eve")).status_code == 401
    assert (await claim(desk, token, "ada", "short")).status_code == 400
    done = await claim(desk, token, "ada")
    assert done.status_code == 200, done.text
    assert done.json()["redirect_url"] == f"{BASE}/sso/key/generate"
    said = json.loads(base64.urlsafe_b64decode(done.json()["token"].split(".")[1] + "=="))
    assert said.keys() == {"user_id", "user_email", "login_method"}
    peek = await desk.worker.client.get("/user/info", headers={"authorization": f"Bearer {done.json()['token']}"})
    assert peek.status_code == 401
    # No session: the person signs in, with every factor that is asked of them.
    assert "set-cookie" not in done.headers
    assert await desk.sign_in("ada") == 303
    assert (await claim(desk, token, "ada")).json() == {
        "detail": {"error": "This invitation was used, has expired or was taken back."}
    }
    shown = await desk.worker.admin.get("/invitation/info", params={"invitation_id": token})
    assert shown.json().keys() == ROW
    assert shown.json()["is_accepted"]
    again = await desk.worker.admin.post("/invitation/update", json={"invitation_id": token, "is_accepted": False})
    assert again.status_code == 400


async def test_two_at_once_set_one_password(desk: Desk) -> None:
    await desk.user("ada")
    token = (await post(desk, "/invitation/new", {"user_id": "ada"}))["id"]
    answers = await asyncio.gather(*(claim(desk, token, "ada", f"{PASSWORD} {number}") for number in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_an_invitation_ends(desk: Desk) -> None:
    await desk.user("ada")
    older = (await post(desk, "/invitation/new", {"user_id": "ada"}))["id"]
    closed = (await post(desk, "/invitation/new", {"user_id": "ada"}))["id"]
    assert (await claim(desk, older, "ada")).status_code == 401
    row = await post(desk, "/invitation/update", {"invitation_id": closed, "is_accepted": True})
    assert row["is_accepted"]
    assert (await claim(desk, closed, "ada")).status_code == 401
    gone = (await post(desk, "/invitation/new", {"user_id": "ada"}))["id"]
    assert (await post(desk, "/invitation/delete", {"invitation_id": gone}))["id"] == gone
    assert (await claim(desk, gone, "ada")).status_code == 401
    missing = await post(desk, "/invitation/delete", {"invitation_id": gone}, 400)
    assert missing["error"]["message"] == "Invitation id does not exist in the database."
    looked = await desk.worker.client.get("/onboarding/get_token", params={"invite_link": gone})
    assert (looked.status_code, looked.json().keys()) == (401, {"detail"})


async def test_what_nobody_is_invited_to(desk: Desk) -> None:
    await post(desk, "/invitation/new", {"user_id": "nobody"}, 404)
    await post(desk, "/invitation/new", {}, 400)
    made = await desk.user("ada")
    await desk.ok("PATCH", f"/core/users/{made['pk']}/", {"is_active": False})
    await post(desk, "/invitation/new", {"user_id": "ada"}, 409)
    robot = await desk.user("robot", type="service_account")
    refused = await post(desk, "/invitation/new", {"user_id": robot["username"]}, 400)
    assert "given away" in refused["error"]["message"]
    assert (await desk.worker.client.post("/invitation/new", json={"user_id": "ada"})).status_code == 401


async def test_litellms_links_open_the_page_which_sets_the_password(desk: Desk) -> None:
    await desk.user("ada")
    token = (await post(desk, "/invitation/new", {"user_id": "ada"}))["id"]
    browser = desk.worker.at("203.0.113.50")
    for path in ("/ui", "/ui/", "/ui/onboarding"):
        led = await browser.get(path, params={"invitation_id": token})
        assert led.headers["location"] == f"/onboarding?invitation_id={token}"
    page = await browser.get(led.headers["location"])
    assert (page.status_code, "ada" in page.text, "Continue with" in page.text) == (200, True, False)
    hidden = {name: page.text.split(f'name="{name}" value="', 1)[1].split('"', 1)[0] for name in ("csrf", "token")}
    short = await browser.post("/onboarding", data={**hidden, "password": "short"})
    assert (short.status_code, 'role="alert"' in short.text) == (400, True)
    assert (await browser.post("/onboarding", data={**hidden, "password": PASSWORD})).headers["location"] == "/ui/"
    assert await desk.sign_in("ada") == 303
    assert (await browser.post("/onboarding", data={**hidden, "password": PASSWORD})).status_code == 403


@pytest.mark.parametrize("method", ["page", "look"])
async def test_guessing_is_counted(desk: Desk, method: str) -> None:
    path, name = {"page": ("/onboarding", "invitation_id"), "look": ("/onboarding/get_token", "invite_link")}[method]
    guesser = desk.worker.at("203.0.113.66")
    answers = [(await guesser.get(path, params={name: f"guess-{number}"})).status_code for number in range(122)]
    assert answers[:120] == [answers[0]] * 120
    assert answers[-1] == 429
