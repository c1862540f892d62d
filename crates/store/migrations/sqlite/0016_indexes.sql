-- What refers to a row that is removed is found without reading its whole table: a company that is purged may have thousands of invoices.
CREATE INDEX act_of_invoice ON act (invoice_id);
CREATE INDEX history_entry_of_invoice ON history_entry (invoice_id);
CREATE INDEX customer_link_of_connection ON customer_link (connection_id);
CREATE INDEX item_link_of_connection ON item_link (connection_id);
CREATE INDEX connection_usage_of_tenant ON connection_usage (tenant_id);
-- What is looked for again and again among all companies.
CREATE INDEX tenant_won_until ON tenant (won_until) WHERE uninstalled_at IS NULL;
CREATE INDEX tenant_uninstalled ON tenant (uninstalled_at) WHERE uninstalled_at IS NOT NULL;
