-- Tokens that wait for a person's confirmation, sealed; gone with the flow after minutes.
ALTER TABLE oauth_flow ADD COLUMN pending TEXT;
