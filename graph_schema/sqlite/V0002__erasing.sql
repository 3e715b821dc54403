-- Erasing accounts. Applied once; never edited afterwards.

-- Events of a segment that were erased leave gaps: its seqs end at first_seq + n_events + n_erased - 1, and its bundle
-- says which there are.
ALTER TABLE segments ADD COLUMN n_erased INTEGER NOT NULL DEFAULT 0;

-- The key of the hashes below. It is made with the store, so that a copy of the store knows its hashes.
CREATE TABLE erasing_secret (
  secret BLOB NOT NULL,
  n_changes INTEGER NOT NULL     -- of the tombstones, so that a program need not read them again
) STRICT;
INSERT INTO erasing_secret (secret, n_changes) VALUES (randomblob(32), 0);

-- Accounts that were erased and may not come back. What is kept is a keyed hash, not the id.
CREATE TABLE tombstones (
  digest BLOB PRIMARY KEY,       -- 18 bytes; the first two tell ids that are surely not meant at little cost
  erased INTEGER NOT NULL        -- microseconds since 1970 UTC
) STRICT;
CREATE TRIGGER tombstone_set AFTER INSERT ON tombstones BEGIN
  UPDATE erasing_secret SET n_changes = n_changes + 1;
END;
CREATE TRIGGER tombstone_taken AFTER DELETE ON tombstones BEGIN
  UPDATE erasing_secret SET n_changes = n_changes + 1;
END;

-- Erasures that have begun and are not finished; nothing else still holds the id. A flag is 1 where it may be found.
CREATE TABLE erasing (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT,                  -- NULL once it is nowhere else; the row stays until the files are free of it, too
  in_log INTEGER NOT NULL,
  in_graph INTEGER NOT NULL,     -- Neo4j
  in_answers INTEGER NOT NULL    -- snapshots, runs, lists of rejects
) STRICT;
