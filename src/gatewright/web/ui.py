"""The dashboard's files, and the door to it: without a session `/ui` goes to the sign-in."""

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

import gatewright
from gatewright.accounts.sessions import Sessions
from gatewright.domain.errors import NotFound
from gatewright.idp.directory.applications import DirectoryApplications
from gatewright.web.call import Call
from gatewright.web.render import Pages
from gatewright.web.root_path import rooted
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.sso.invitation import page_of

FOLDER = Path(gatewright.__file__).parent / "_ui"
# Where LiteLLM's links to an invitation lead (contract litellm 1.7), and those that its dashboard shows.
INVITED = ("", "onboarding")
ROOT_NAME = 'name="gatewright-root"'
STATIC = Path(gatewright.__file__).parent / "web" / "static"


class Dashboard:
    """Serves what the build put into the package. `is_off`: a notice in its place (DISABLE_ADMIN_UI)."""

    def __init__(
        self, sessions: Sessions, applications: DirectoryApplications, pages: Pages, *, is_off: bool = False
    ) -> None:
        self._is_off = is_off
        self._sessions = sessions
        self._applications = applications
        self._pages = pages
        self._files = index_files(FOLDER)
        self._static = index_files(STATIC)
        self._index = index_below(pages.root_path, self._files)

    def routes(self) -> list[Route]:
        return [
            Route("/", ("GET",), self.root, Access.PUBLIC, Dialect.PAGE, head=True),
            Route("/ui", ("GET",), self.page, Access.PUBLIC, Dialect.PAGE),
            Route("/ui/{path:path}", ("GET",), self.page, Access.PUBLIC, Dialect.PAGE),
            Route("/static/{path:path}", ("GET",), self.static, Access.PUBLIC, Dialect.DETAIL, head=True),
        ]

    async def root(self, _: Call) -> Response:
        return RedirectResponse("/ui/", 303)

    async def static(self, call: Call) -> Response:
        """The style sheet of the pages before sign-in."""
        path = self._static.get(call.path("path"))
        if path is None:
            raise NotFound()
        return send_file(path, call, immutable=False)

    async def page(self, call: Call) -> Response:
        """An asset, else the one page for a signed-in browser, else the sign-in."""
        path = call.request.path_params.get("path", "")
        if self._is_off:
            return (page_of(call) if path in INVITED else None) or self._pages.page(call, "ui_off.html")
        asset = self._files.get(path)
        if asset is not None and path != "index.html":
            return send_file(asset, call, immutable=path.startswith("assets/"))
        invited = page_of(call) if path in INVITED else None
        if invited is not None:
            return invited
        session = await self._sessions.find(call.session_token, call.origin)
        call.note(session)
        if session is None:
            query = f"?{call.request.url.query}" if call.request.url.query else ""
            wanted = quote(f"{call.request.url.path}{query}", safe="")
            return RedirectResponse(f"/sso/key/generate?return_to={wanted}", 303, headers={"cache-control": "no-store"})
        if "index.html" not in self._files:
            return self._pages.page(call, "no_dashboard.html", status=503)
        if self._index is not None:
            response = Response(self._index, headers={"cache-control": "no-cache"}, media_type="text/html")
        else:
            response = send_file(self._files["index.html"], call, immutable=False)
        images = await self._applications.icon_origins(session.user)
        response.headers["content-security-policy"] = policy(images)
        response.headers["referrer-policy"] = "same-origin"
        response.headers["cross-origin-opener-policy"] = "same-origin"
        return response


def policy(images: Sequence[str]) -> str:
    """The dashboard's Content-Security-Policy. `images` are the origins of icons that are kept elsewhere."""
    sources = " ".join(("'self'", "data:", *images))
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self'; img-src {sources}; connect-src 'self'; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
        "require-trusted-types-for 'script'"
    )


def index_files(folder: Path) -> dict[str, Path]:
    """Every file by its path in the folder, read once, so that no request can name another file."""
    if not folder.is_dir():
        return {}
    return {
        file.relative_to(folder).as_posix(): file
        for file in folder.rglob("*")
        if file.is_file() and file.suffix not in (".gz", ".py") and not file.name.startswith(".")
    }


def index_below(root_path: str, files: Mapping[str, Path]) -> str | None:
    """The dashboard's page for a gateway below a path, so that it need not be built anew; None when the file will do.

    Its scripts find everything by the path that the page names.
    """
    if not root_path or "index.html" not in files:
        return None
    html = files["index.html"].read_text(encoding="utf-8")
    return rooted(root_path, html).replace(f'{ROOT_NAME} content=""', f'{ROOT_NAME} content="{root_path}"')


def send_file(path: Path, call: Call, *, immutable: bool) -> Response:
    """The file, compressed when the build compressed it and the browser takes that."""
    packed = path.with_name(path.name + ".gz")
    use_packed = "gzip" in call.request.headers.get("accept-encoding", "") and packed.exists()
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if immutable else "no-cache",
        "vary": "accept-encoding",
    }
    if use_packed:
        headers["content-encoding"] = "gzip"
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Response((packed if use_packed else path).read_bytes(), headers=headers, media_type=kind)
