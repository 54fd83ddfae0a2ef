"""What the parent process does once before it serves: schema, packaged objects, the first administrator."""

import logging
from contextlib import suppress
from pathlib import Path

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.breached import BreachedPasswords
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.setup import Setup
from gatewright.accounts.ui_administrator import UiAdministrator
from gatewright.app import clock
from gatewright.app.keyfiles import write_private
from gatewright.domain.errors import BadInput, SettingInvalid, Unavailable
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.folder import Folder, apply_folder
from gatewright.idp.blueprints.keeping import orphan
from gatewright.idp.directory.bootstrap import Bootstrap, Wanted
from gatewright.idp.directory.tokens import DirectoryTokens
from gatewright.idp.provider import Provider
from gatewright.idp.signing_keys import PURPOSE
from gatewright.settings.password_login import PASSWORD, check_not_master
from gatewright.settings.schema import Settings
from gatewright.sso.client_authentication import check_private_keys
from gatewright.sso.sources import EMBEDDED_CLIENT
from gatewright.storage import signing_keys
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer

LINK_FILE = "setup-link"
CLIENT_SECRET = "LITELLM_OIDC_SECRET"
logger = logging.getLogger(__name__)


class Prepared(msgspec.Struct, frozen=True):
    """What the start prints. `setup_link` is None when there is an administrator already."""

    data: str
    setup_link: str | None


def open_database(settings: Settings) -> Database:
    """The database that the settings name."""
    url = database_url(settings.database_url, settings.data_dir)
    return Database(url, Sealer(settings.salt_key or ""), clock.now)


def new_passwords(settings: Settings) -> Passwords:
    """The rules for passwords that the settings make. Raises SettingInvalid for a list that is none."""
    breached = None if settings.breached_passwords is None else BreachedPasswords(settings.breached_passwords)
    guesses = settings.password_login.rules
    return Passwords(settings.password_min_length, () if breached is None else breached, guesses=guesses)


async def prepare(settings: Settings) -> Prepared:
    """Brings the database up to date and makes what the first start needs. Raises GatewrightError."""
    check_private_keys(settings.providers)
    db = open_database(settings)
    keep_private(db)
    try:
        await migrate(db)
        await check_salt_key(db)
        passwords = new_passwords(settings)
        own_client = None if settings.providers else EMBEDDED_CLIENT
        provider = Provider(
            db,
            settings.base_url,
            Sessions(db, "idp", settings.session_life),
            passwords,
            Audit(db),
            own_client=own_client,
        )
        await provider.start({CLIENT_SECRET: settings.client_secret} if settings.client_secret else None)
        await apply_blueprints(settings, db, passwords)
        return Prepared(data=shown_url(db), setup_link=await first_administrator(settings, db, passwords))
    except Unavailable as error:
        raise Unavailable(
            f"The database {shown_url(db)} is not available.",
            hint="Start it, or correct DATABASE_URL. The line before says what it answered.",
            code=error.error_code,
        ) from error
    finally:
        await db.close()


async def check_salt_key(db: Database) -> None:
    """Raises SettingInvalid where secrets were sealed under another key: nobody could read them, nor the next ones."""
    async with db.read() as tx:
        known = await signing_keys.everything(tx)
    try:
        for key in known[:1]:
            db.sealer.open(key.private_key, PURPOSE)
    except Unavailable as error:
        raise SettingInvalid(
            "LITELLM_SALT_KEY",
            source="environment or config.yaml",
            problem="is not the key that the secrets in this database were sealed with",
            fix="Set it to what it was. Without it LITELLM_MASTER_KEY stood in its place or, with neither, the file "
            "salt-key in the data directory",
        ) from error


async def apply_blueprints(settings: Settings, db: Database, passwords: Passwords) -> None:
    """Applies the operator's folder. Raises SettingInvalid."""
    if settings.blueprints_dir is None:
        await orphan(db, ())
        return
    blueprints, folder = new_blueprints(settings, db, passwords), Folder(settings.blueprints_dir)
    for name in await apply_folder(db, blueprints, folder, settings.blueprint_environment):
        logger.info("applied the blueprint %s", name)


def new_blueprints(settings: Settings, db: Database, passwords: Passwords) -> Blueprints:
    """Applies blueprints as the settings have it."""
    own_client = None if settings.providers else EMBEDDED_CLIENT
    return Blueprints(db, settings.base_url, passwords, Audit(db), own_client=own_client)


async def first_administrator(settings: Settings, db: Database, passwords: Passwords) -> str | None:
    """Makes the administrator that the settings name, else a set-up link; None when there is a user already."""
    setup = Setup(db, passwords, break_glass=bool(settings.providers))
    link_file = settings.data_dir / LINK_FILE
    await bootstrap(settings, db, passwords)
    if settings.admin_email and settings.admin_password:
        await setup.headless(settings.admin_email, settings.admin_password)
    await keep_ui_administrator(settings, db, passwords)
    if not await setup.is_open():
        link_file.unlink(missing_ok=True)
        return None
    link = f"{settings.base_url}/setup?token={await setup.new_link()}"
    write_private(link_file, link + "\n")
    return link


async def keep_ui_administrator(settings: Settings, db: Database, passwords: Passwords) -> None:
    """The emergency administrator whose password UI_PASSWORD is. Raises SettingInvalid for a bad password."""
    login = settings.password_login
    # Once more: the master key may have been generated since the variables were read.
    check_not_master(login, settings.master_key)
    try:
        problem = await UiAdministrator(db, passwords).keep(login.username, login.password)
    except BadInput as error:
        raise SettingInvalid(
            PASSWORD, source="environment", problem=error.message.rstrip("."), fix="Choose another password"
        ) from error
    if problem is not None:
        logger.warning("%s has no effect: %s.", PASSWORD, problem)


async def bootstrap(settings: Settings, db: Database, passwords: Passwords) -> None:
    """Authentik's own variables for the first administrator; says which of them have no effect now."""
    made = Bootstrap(db, passwords, DirectoryTokens(db), break_glass=bool(settings.providers))
    wanted = Wanted(settings.bootstrap_password, settings.bootstrap_token, settings.bootstrap_email)
    for name in await made.run(wanted):
        logger.warning(
            "AUTHENTIK_BOOTSTRAP_%s has no effect: it is read at the first start, with a password or a token.",
            name.upper(),
        )


def keep_private(db: Database) -> None:
    """A SQLite database that others may read, from an earlier start or a copied backup, is closed to them."""
    database = db.engine.url.database
    if not db.is_sqlite or not database:
        return
    for path in (Path(f"{database}{ending}") for ending in ("", "-wal", "-shm")):
        # Somebody else's file cannot be changed, and is theirs to keep.
        with suppress(FileNotFoundError, PermissionError):
            if path.stat().st_mode & 0o077:
                path.chmod(0o600)


def shown_url(db: Database) -> str:
    """Where the data is, without the password."""
    url = db.engine.url
    return str(Path(url.database or "")) if db.is_sqlite else url.render_as_string(hide_password=True)
