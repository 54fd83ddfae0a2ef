from tests.unit.web.openai.migrated import db, template

__all__ = ["db", "template"]
