-- Since when what QuickBooks answers for an invoice cannot be read. Same columns as sqlite/0010_unreadable.sql.
ALTER TABLE invoice ADD COLUMN unreadable_since BIGINT;
CREATE INDEX invoice_unreadable ON invoice (tenant_id, unreadable_since) WHERE unreadable_since IS NOT NULL;
