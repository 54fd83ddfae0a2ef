from tests.unit.web.model_api.migrated import db, template

__all__ = ["db", "template"]
