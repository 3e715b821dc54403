-- The embedded store: event log, bulk segments, runs and API keys. Applied once; never edited afterwards.

-- Events that came one by one or in small batches. seq is the change feed: in commit order, never reused.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key BLOB NOT NULL UNIQUE,      -- 16 bytes: which event it is
  body BLOB NOT NULL,            -- 8 bytes: what it says
  id TEXT,                       -- NULL: derived from the body
  relation INTEGER NOT NULL,     -- codes as in model.toml
  retract INTEGER NOT NULL,
  source TEXT NOT NULL,
  target_kind INTEGER NOT NULL,
  target TEXT NOT NULL,
  time INTEGER,                  -- microseconds since 1970 UTC
  value REAL,
  via TEXT,
  retracts TEXT,
  properties TEXT
) STRICT;
CREATE INDEX events_by_source ON events (source, seq);

-- Bulk loads: each row stands for a folder of Arrow columns that takes the seqs first_seq .. first_seq + n_events - 1.
CREATE TABLE segments (
  first_seq INTEGER PRIMARY KEY,
  n_events INTEGER NOT NULL,
  bundle TEXT NOT NULL UNIQUE
) STRICT;

-- Scores computed from one snapshot with one set of parameters.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  snapshot TEXT NOT NULL,
  strategy TEXT NOT NULL,
  parameters TEXT NOT NULL,      -- JSON
  created INTEGER NOT NULL       -- microseconds since 1970 UTC
) STRICT;

-- Who may call the API. The key itself is not kept, only its SHA-256.
CREATE TABLE api_keys (
  prefix TEXT PRIMARY KEY,
  sha256 BLOB NOT NULL,
  scopes TEXT NOT NULL,
  label TEXT NOT NULL,
  created INTEGER NOT NULL,
  revoked INTEGER
) STRICT;
