"""The full-text index of a shelf entry's words. The words are cut by us, so neither database parses a language."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """ALTER TABLE listings_shelfentry ADD COLUMN vector tsvector
       GENERATED ALWAYS AS (array_to_tsvector(string_to_array(words, ' '))) STORED""",
    # Rows stay narrow: what filters and sorts is read often, the words hardly ever.
    "ALTER TABLE listings_shelfentry SET (toast_tuple_target = 128)",
    # Without a list of what is not yet in the index, which every search would have to read too.
    "CREATE INDEX shelf_by_words ON listings_shelfentry USING gin (vector) WITH (fastupdate = off)",
]
DELETE = "INSERT INTO listings_shelf_words (listings_shelf_words, rowid, words) VALUES ('delete', old.id, old.words);"
INSERT = "INSERT INTO listings_shelf_words (rowid, words) VALUES (new.id, new.words);"
SQLITE = [
    """CREATE VIRTUAL TABLE listings_shelf_words USING fts5 (
       words, content = 'listings_shelfentry', content_rowid = 'id',
       tokenize = "unicode61 remove_diacritics 0 tokenchars ':_-'")""",
    f"CREATE TRIGGER shelf_words_insert AFTER INSERT ON listings_shelfentry BEGIN {INSERT} END",
    f"CREATE TRIGGER shelf_words_delete AFTER DELETE ON listings_shelfentry BEGIN {DELETE} END",
    f"CREATE TRIGGER shelf_words_update AFTER UPDATE OF words ON listings_shelfentry BEGIN {DELETE} {INSERT} END",
]
BACK = {
    "postgresql": ["ALTER TABLE listings_shelfentry DROP COLUMN vector"],
    "sqlite": [
        *(f"DROP TRIGGER shelf_words_{verb}" for verb in ("insert", "delete", "update")),
        "DROP TABLE listings_shelf_words",
    ],
}


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in BACK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("listings", "0008_shelf")]
    operations = [migrations.RunPython(create, drop)]
