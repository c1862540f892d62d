-- QuickBooks' calls in each calendar month (UTC, as 202611), and how often each company is read. Same columns as postgres/0009_metering.sql.
CREATE TABLE app_usage (
  month INTEGER PRIMARY KEY,
  reads INTEGER NOT NULL,
  writes INTEGER NOT NULL,
  warned_percent INTEGER NOT NULL
) STRICT;
CREATE TABLE connection_usage (
  tenant_id BLOB NOT NULL REFERENCES tenant (id),
  connection_id BLOB NOT NULL REFERENCES quickbooks_connection (id),
  month INTEGER NOT NULL,
  reads INTEGER NOT NULL,
  writes INTEGER NOT NULL,
  PRIMARY KEY (connection_id, month)
) STRICT;
ALTER TABLE quickbooks_connection ADD COLUMN sweep_steps INTEGER NOT NULL DEFAULT 1;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_confirmed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN webhook_missed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE quickbooks_connection ADD COLUMN reads_refused_until INTEGER NOT NULL DEFAULT 0;
