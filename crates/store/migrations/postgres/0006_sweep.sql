-- Until when a sweep has taken a company to be read, so that another takes others. Same columns as sqlite/0006_sweep.sql.
ALTER TABLE quickbooks_connection ADD COLUMN swept_until BIGINT NOT NULL DEFAULT 0;
