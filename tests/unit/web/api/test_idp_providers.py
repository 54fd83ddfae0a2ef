"""A client's secret is rotated through the API, also the one that the dashboard signs in with."""

import pytest
from tests.unit.web.conftest import Worker

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("db_url", [None])]
INTROSPECT = "/application/o/introspect/"


async def test_the_secret_is_shown_once_and_counts(worker: Worker) -> None:
    listed = "/api/v3/providers/oauth2/?client_id=litellm"
    [before] = (await worker.admin.get(listed)).json()["results"]
    old = await worker.program.provider.clients.secret("litellm")
    assert old
    path = f"/api/v1/idp/providers/{before['pk']}/rotate-secret"
    answer = await worker.admin.post(path, json={"overlap": "1h"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["client_id"], len(body["client_secret"])) == ("litellm", 64)
    assert body["previous_secret_expires_at"]
    for secret in (old, body["client_secret"]):
        proved = await worker.client.post(INTROSPECT, data={"token": "x"}, auth=("litellm", secret))
        assert proved.status_code == 200
    # The dashboard's own sign-in reads it afresh, and no GET answers it.
    assert await worker.program.provider.clients.secret("litellm") == body["client_secret"]
    shown = await worker.admin.get(listed)
    assert shown.json()["results"] == [before]
    assert body["client_secret"] not in shown.text


async def test_who_may_and_what_is_refused(worker: Worker) -> None:
    path = "/api/v1/idp/providers/1/rotate-secret"
    assert (await worker.client.post(path)).status_code == 401
    for key, body, status, field in (
        ("1", {"overlap": "soon"}, 400, "overlap"),
        ("1", {"overlap": "31d"}, 400, "overlap"),
        ("1", {"how": "x"}, 400, "how"),
        ("x", {}, 404, "id"),
        ("9" * 30, {}, 404, "id"),
        ("999", {}, 404, None),
    ):
        answer = await worker.admin.post(path.replace("1/rotate", f"{key}/rotate"), json=body)
        assert answer.status_code == status, answer.text
        assert [one["field"] for one in answer.json().get("errors", [])] == ([field] if field else [])
