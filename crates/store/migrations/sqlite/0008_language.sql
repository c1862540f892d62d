-- The language of a user, and of the first installation, apart from the locale that numbers follow; empty in rows from before.
-- Same columns as postgres/0008_language.sql.
ALTER TABLE pipedrive_grant ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE tenant ADD COLUMN language TEXT NOT NULL DEFAULT '';
