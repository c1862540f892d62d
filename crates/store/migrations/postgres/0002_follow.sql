-- What follows from QuickBooks' changes, and what is done to an invoice that stands. Same columns as sqlite/0002_follow.sql.
ALTER TABLE tenant ADD COLUMN locale TEXT NOT NULL DEFAULT 'en_US';
ALTER TABLE quickbooks_connection ADD COLUMN changes_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN changes_lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN silent_since BIGINT;
ALTER TABLE customer_link ADD COLUMN customer_name TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN quickbooks_customer_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN bill_email TEXT NOT NULL DEFAULT '';
ALTER TABLE invoice ADD COLUMN told TEXT NOT NULL DEFAULT '';
CREATE INDEX invoice_of_organization ON invoice (tenant_id, organization_id, created_at);
CREATE INDEX invoice_of_person ON invoice (tenant_id, person_id, created_at);
CREATE INDEX invoice_in_quickbooks ON invoice (connection_id, quickbooks_id);
CREATE INDEX invoice_to_pay ON invoice (due) WHERE state = 'issued' AND balance_minor > 0;
CREATE INDEX connection_changed ON quickbooks_connection (changes_until) WHERE state = 'active';
CREATE TABLE act (
  id UUID PRIMARY KEY,
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  invoice_id UUID NOT NULL REFERENCES invoice (id),
  kind TEXT NOT NULL,
  seen TEXT NOT NULL,
  recipient TEXT NOT NULL,
  requested_by BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  refusal TEXT,
  lease_owner UUID,
  lease_until BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX act_unfinished ON act (invoice_id) WHERE state IN ('queued', 'sending');
CREATE INDEX act_of_tenant ON act (tenant_id, requested_at);
CREATE TABLE history_entry (
  id UUID PRIMARY KEY,
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  invoice_id UUID NOT NULL REFERENCES invoice (id),
  deal_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  told TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  note_id BIGINT,
  lease_until BIGINT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at BIGINT NOT NULL
);
CREATE INDEX history_unwritten ON history_entry (next_attempt_at) WHERE state IN ('queued', 'sending');
CREATE INDEX history_of_invoice ON history_entry (tenant_id, invoice_id, made_at);
