"""A provider whose certificate this machine's authorities do not vouch for: what works, and what the refusal says."""

import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import CLIENT, SECRET, FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, sign_in

from gatewright.outbound.trust import tls_of
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.connections import Connections
from gatewright.sso.sources import Source, secret_of

pytestmark = pytest.mark.anyio
DAY = datetime.timedelta(days=1)


def self_signed(folder: Path, name: str, *, begins: int = -1, ends: int = 1) -> Path:
    """Key and certificate in one PEM file, good from `begins` to `ends` days from now."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a provider of the tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "provider.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


Opened = Callable[[Path], Awaitable[FakeProvider]]


@pytest.fixture
async def secure(clock: ManualClock) -> AsyncIterator[Opened]:
    async with AsyncExitStack() as stack:

        async def open_(pair: Path) -> FakeProvider:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair)
            fake = FakeProvider(clock)
            await stack.enter_async_context(await fake.start(context))
            return fake

        yield open_


def variables(provider: FakeProvider, **more: str) -> dict[str, str]:
    return {
        "GENERIC_CLIENT_ID": CLIENT,
        "GENERIC_CLIENT_SECRET": SECRET,
        "GENERIC_ISSUER": provider.issuer,
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
        **more,
    }


async def refused(stage: Stage, code: str, *words: str) -> None:
    answer = await stage.browser().get("/sso/key/generate")
    assert answer.status_code == 502
    assert all(word in answer.text for word in words), answer.text
    assert ("login.sso", code) in await stage.audit()


async def test_a_self_signed_certificate_works_with_its_file_and_not_without(
    make_stage: MakeStage, secure: Opened, tmp_path: Path
) -> None:
    pair = self_signed(tmp_path, "localhost")
    provider = await secure(pair)
    without = make_stage(variables(provider))
    await refused(without, "provider_certificate_untrusted", "https://localhost", "is not trusted", "GENERIC_CA_FILE")
    assert provider.requests == []
    stage = make_stage(variables(provider, GENERIC_CA_FILE=str(pair)))
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    assert (await stage.sign_in.standing("generic")).notes == ()  # type: ignore[union-attr] # it has signed in
    # It is trusted for this provider alone.
    assert (await without.browser().get("/sso/key/generate")).status_code == 502


def test_an_authority_is_trusted_beside_the_systems(tmp_path: Path) -> None:
    ours = tls_of(self_signed(tmp_path, "localhost").read_text()).get_ca_certs()
    systems = ssl.create_default_context().get_ca_certs()
    assert len(ours) == len(systems) + 1
    assert all(one in ours for one in systems)


async def test_a_certificate_for_another_name_says_so(make_stage: MakeStage, secure: Opened, tmp_path: Path) -> None:
    pair = self_signed(tmp_path, "idp.example")
    stage = make_stage(variables(await secure(pair), GENERIC_CA_FILE=str(pair)))
    await refused(stage, "provider_certificate_name", "another name")


@pytest.mark.parametrize(("begins", "ends"), [(-3, -1), (1, 3)])
async def test_a_certificate_that_is_not_valid_now_says_so(
    make_stage: MakeStage, secure: Opened, tmp_path: Path, begins: int, ends: int
) -> None:
    pair = self_signed(tmp_path, "localhost", begins=begins, ends=ends)
    stage = make_stage(variables(await secure(pair), GENERIC_CA_FILE=str(pair)))
    await refused(stage, "provider_certificate_expired", "has expired or is not valid yet", "clock")


async def test_without_verification_anybody_is_believed_and_it_is_said(
    make_stage: MakeStage, secure: Opened, tmp_path: Path
) -> None:
    provider = await secure(self_signed(tmp_path, "other.example", begins=-3, ends=-1))
    stage = make_stage(variables(provider, GENERIC_VERIFY_TLS="false"))
    assert any("CERTIFICATE IS NOT VERIFIED" in warning for warning in stage.settings.warnings)
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    standing = await stage.sign_in.standing("generic")
    assert standing is not None
    assert standing.notes == ("the provider's certificate is not verified",)


async def test_sources_with_the_same_authority_share_a_client(
    make_stage: MakeStage, secure: Opened, tmp_path: Path
) -> None:
    pair = self_signed(tmp_path, "localhost")
    stage = make_stage(variables(await secure(pair)))
    connections = Connections(stage.outbound, stage.db.clock)

    def client(**more: object) -> object:
        made = SignInProvider(id="x", profile="generic", client_id="c", **more)  # type: ignore[arg-type] # by name
        return connections.connect(Source(made, secret_of(made)))._outbound

    assert client() is stage.outbound
    assert client(ca=pair.read_text()) is client(ca=pair.read_text())
    assert client(verify_tls=False) is client(verify_tls=False, ca=pair.read_text())
    assert len({id(client()), id(client(ca=pair.read_text())), id(client(verify_tls=False))}) == 3
    await connections.close()
