-- The last heartbeat of a replica that has ended is kept until another one runs: it says since when the service was away.
ALTER TABLE replica ADD COLUMN has_ended INTEGER NOT NULL DEFAULT 0;
