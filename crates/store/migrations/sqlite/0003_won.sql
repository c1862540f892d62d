-- Up to when a company's won deals were looked at; nothing where they trigger nothing. Same columns as postgres/0003_won.sql.
ALTER TABLE tenant ADD COLUMN won_until INTEGER;
