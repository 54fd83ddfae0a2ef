"""What administrators look for in the audit log is found without reading all of it."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for column in ("actor", "target", "address", "outcome"):
        op.create_index(f"ix_audit_log_{column}_at", "audit_log", [column, "at"], unique=False)
    op.create_index("ix_audit_log_reference", "audit_log", ["reference"], unique=False)
