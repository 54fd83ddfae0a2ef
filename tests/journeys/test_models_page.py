"""The dashboard's Models page in a real browser: providers with other needs, at their fields, on a phone too."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import Tab, sign_in
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
WIDTHS = {"desktop": 1280, "phone": 375}
# A provider's own address has no number on a machine without the internet; nobody is called here.
ADDRESS = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    with gatewright(tmp_path_factory.mktemp("models") / "data", workers=1) as found:
        yield found


@pytest.fixture(scope="module")
def tab(server: Gatewright, browser: Browser) -> Iterator[Tab]:
    """Signed in as the administrator."""
    found = Tab(browser, "light", server.url)
    page = found.page
    page.goto(server.setup_link)
    page.get_by_label("E-mail address").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    yield found
    found.close()


@pytest.fixture(params=list(WIDTHS))
def page(request: pytest.FixtureRequest, tab: Tab, server: Gatewright) -> Page:
    tab.page.set_viewport_size({"width": WIDTHS[request.param], "height": 740})
    tab.page.goto(f"{server.url}/ui/models")
    expect(tab.page.get_by_role("cell", name="echo").first).to_be_visible()
    return tab.page


def test_models_of_providers_with_other_needs(tab: Tab, page: Page, server: Gatewright) -> None:
    dialog = opened(page)
    parameters = dialog.get_by_text("Further parameters")
    expect(dialog.get_by_role("button", name="Add parameter")).to_be_hidden()
    fill(dialog, name="house-claude", upstream="anthropic/claude-x", api_base=ADDRESS, api_key="sk-ant-x")
    parameters.click()
    dialog.get_by_role("button", name="Add parameter").click()
    expect(dialog.get_by_label("Name of parameter 1")).to_be_focused()
    page.keyboard.type("rpm")
    dialog.get_by_label("Value of rpm").fill("many")
    add(dialog)
    expect(dialog.get_by_label("Value of rpm")).to_be_focused()
    expect(dialog.get_by_label("Value of rpm")).to_have_accessible_description(re.compile("not a whole number"))
    fits(page)
    tab.check()
    dialog.get_by_label("Value of rpm").fill("60")
    add(dialog)
    expect(dialog).to_be_hidden()
    row_of(page, "house-claude", "anthropic", "claude-x")

    dialog = opened(page)
    fill(dialog, name="house-nova", upstream="bedrock/amazon.nova-x")
    expect(dialog).to_contain_text("Amazon Bedrock needs a region")
    dialog.get_by_label("Value of aws_region_name").fill("nowhere/x")
    add(dialog)
    expect(dialog.get_by_label("Value of aws_region_name")).to_be_focused()
    expect(dialog).to_contain_text("not the name of an AWS region")
    dialog.get_by_label("Value of aws_region_name").fill("eu-central-1")
    dialog.get_by_label("Value of aws_access_key_id").fill("AKIAHOUSE")
    add(dialog)
    expect(dialog.get_by_label("Value of aws_secret_access_key")).to_have_attribute("type", "password")
    expect(dialog.locator("[aria-invalid=true]")).to_be_focused()
    fits(page)
    tab.check()
    dialog.get_by_label("Value of aws_secret_access_key").fill("hush-hush-signs")
    dialog.get_by_label("API base").fill(ADDRESS)
    add(dialog)
    expect(dialog).to_be_hidden()
    row_of(page, "house-nova", "bedrock", "amazon.nova-x")
    shown = page.request.get(f"{server.url}/api/v1/models").text()
    assert [word for word in ("hush-hush-signs", "AKIAHOUSE", "sk-ant-x") if word in shown + page.content()] == []
    tab.check()
    for name in ("house-claude", "house-nova"):
        page.get_by_role("button", name=f"Remove {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove model").click()
        expect(page.get_by_role("button", name=f"Remove {name}")).to_have_count(0)
    tab.check()


def test_rows_follow_the_provider_and_keep_what_was_written(page: Page) -> None:
    dialog = opened(page)
    upstream = dialog.get_by_label("Upstream model")
    upstream.fill("vertex_ai/gemini-x")
    dialog.get_by_label("Value of vertex_project").fill("house")
    upstream.fill("azure/gpt-x")
    expect(dialog).to_contain_text("Azure OpenAI needs the resource's address")
    assert names(dialog) == ["vertex_project", "api_version"]
    dialog.get_by_label("Name of parameter 2").fill("vertex_project")
    dialog.get_by_label("Value of vertex_project").nth(1).fill("again")
    add(dialog)
    expect(dialog).to_contain_text("vertex_project is there twice.")
    dialog.get_by_role("button", name="Remove vertex_project").nth(1).click()
    expect(dialog.get_by_role("button", name="Add parameter")).to_be_focused()
    upstream.fill("openai/gpt-x")
    assert names(dialog) == ["vertex_project"]
    dialog.get_by_label("Name", exact=True).fill("house")
    dialog.get_by_text("Further parameters").click()
    expect(dialog.get_by_label("Value of vertex_project")).to_be_hidden()
    add(dialog)
    expect(dialog.get_by_label("Value of vertex_project")).to_be_focused()
    expect(dialog).to_contain_text("means nothing to the provider openai")


def opened(page: Page) -> Locator:
    page.get_by_role("button", name="Add model").first.click()
    return page.get_by_role("dialog")


def fill(dialog: Locator, *, name: str, upstream: str, **more: str) -> None:
    dialog.get_by_label("Name", exact=True).fill(name)
    dialog.get_by_label("Upstream model").fill(upstream)
    for field, text in more.items():
        dialog.get_by_label({"api_base": "API base", "api_key": "API key"}[field]).fill(text)


def add(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Add model").click()


def names(dialog: Locator) -> list[str]:
    return [one.input_value() for one in dialog.get_by_label(re.compile("^Name of parameter")).all()]


def row_of(page: Page, name: str, provider: str, upstream: str) -> None:
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text(provider)
    expect(row).to_contain_text(upstream)
    expect(row).to_contain_text("dashboard")


def fits(page: Page) -> None:
    """Nothing of the dialog stands out at its side."""
    wide, room = page.get_by_role("dialog").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert wide <= room
