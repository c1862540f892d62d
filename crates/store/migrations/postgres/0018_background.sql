-- Who looks for a company's won deals until when, and how often that failed in a row. Same columns as sqlite/0018_background.sql.
ALTER TABLE tenant ADD COLUMN won_lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenant ADD COLUMN won_failures INTEGER NOT NULL DEFAULT 0;
-- A sweep visits only invoices that can still become overdue, and pages through them.
DROP INDEX invoice_to_pay;
CREATE INDEX invoice_to_pay ON invoice (due, id) WHERE state = 'issued' AND balance_minor > 0 AND told NOT IN ('overdue', 'voided', 'deleted');
-- A deleted invoice is not open, whatever its balance was.
DROP INDEX invoice_open;
CREATE INDEX invoice_open ON invoice (connection_id) WHERE state = 'issued' AND balance_minor > 0 AND NOT deleted;
-- Notes are looked up by their number.
CREATE INDEX history_entry_of_note ON history_entry (tenant_id, note_id) WHERE note_id IS NOT NULL;
-- A QuickBooks company is connected by one Pipedrive company. Of several, the newest connection stays.
UPDATE quickbooks_connection SET state = 'disconnected' WHERE state <> 'disconnected' AND EXISTS (
SELECT 1 FROM quickbooks_connection AS newer WHERE newer.realm_digest = quickbooks_connection.realm_digest AND newer.state <> 'disconnected'
AND (newer.connected_at, newer.id) > (quickbooks_connection.connected_at, quickbooks_connection.id));
CREATE UNIQUE INDEX quickbooks_connection_of_realm ON quickbooks_connection (realm_digest) WHERE state <> 'disconnected';
