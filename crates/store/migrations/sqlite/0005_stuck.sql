-- Work that goes no further without a person, and the replicas that run. Same columns as postgres/0005_stuck.sql.
ALTER TABLE invoice ADD COLUMN trouble TEXT;
ALTER TABLE invoice ADD COLUMN may_resend INTEGER NOT NULL DEFAULT 0;
ALTER TABLE act ADD COLUMN trouble TEXT;
ALTER TABLE history_entry ADD COLUMN trouble TEXT;
CREATE INDEX invoice_stuck ON invoice (tenant_id) WHERE trouble IS NOT NULL;
CREATE INDEX act_stuck ON act (tenant_id) WHERE trouble IS NOT NULL;
CREATE INDEX history_stuck ON history_entry (tenant_id) WHERE trouble IS NOT NULL;
CREATE TABLE replica (
  id BLOB PRIMARY KEY,
  seen_at INTEGER NOT NULL
) STRICT;
