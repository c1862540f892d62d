-- The tax of an invoice, which window saves a draft, and what orders the invoices of a deal. Same columns as sqlite/0007_ledger.sql.
ALTER TABLE invoice ADD COLUMN tax_minor BIGINT;
ALTER TABLE draft ADD COLUMN intent TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN window_id TEXT NOT NULL DEFAULT '';
ALTER TABLE draft ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE draft ADD COLUMN state TEXT NOT NULL DEFAULT 'typed';
CREATE TABLE deal_billing (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  deal_id BIGINT NOT NULL,
  submissions BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, deal_id)
);
