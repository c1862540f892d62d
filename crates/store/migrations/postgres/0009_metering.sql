-- QuickBooks' calls in each calendar month (UTC, as 202611), and how often each company is read. Same columns as sqlite/0009_metering.sql.
CREATE TABLE app_usage (
  month INTEGER PRIMARY KEY,
  reads BIGINT NOT NULL,
  writes BIGINT NOT NULL,
  warned_percent INTEGER NOT NULL
);
CREATE TABLE connection_usage (
  tenant_id UUID NOT NULL REFERENCES tenant (id),
  connection_id UUID NOT NULL REFERENCES quickbooks_connection (id),
  month INTEGER NOT NULL,
  reads BIGINT NOT NULL,
  writes BIGINT NOT NULL,
  PRIMARY KEY (connection_id, month)
);
ALTER TABLE quickbooks_connection ADD COLUMN sweep_steps INTEGER NOT NULL DEFAULT 1;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_confirmed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_missed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN reads_refused_until BIGINT NOT NULL DEFAULT 0;
