-- The tax of an invoice, which window saves a draft, and what orders the invoices of a deal. Same columns as postgres/0007_ledger.sql.
ALTER TABLE invoice ADD COLUMN tax_minor INTEGER;
ALTER TABLE draft ADD COLUMN intent TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN window_id TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE draft ADD COLUMN state TEXT NOT NULL DEFAULT 'typed';
CREATE TABLE deal_billing (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  deal_id INTEGER NOT NULL,
  submissions INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, deal_id)
) STRICT;
