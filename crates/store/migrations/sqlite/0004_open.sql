-- Which companies have invoices to be paid; when something was last sent. Same columns as postgres/0004_open.sql.
CREATE INDEX invoice_open ON invoice (connection_id) WHERE state = 'issued' AND balance_minor > 0;
ALTER TABLE invoice ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE act ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE history_entry ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE history_entry ADD COLUMN lease_owner BLOB;
