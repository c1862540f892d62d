-- Until when a sweep has taken a company to be read, so that another takes others. Same columns as postgres/0006_sweep.sql.
ALTER TABLE quickbooks_connection ADD COLUMN swept_until INTEGER NOT NULL DEFAULT 0;
