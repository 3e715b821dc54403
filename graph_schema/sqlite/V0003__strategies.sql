-- Strategies that people defined: named parameter sets. Applied once; never edited afterwards.

-- A version is written once. Only an erasure changes it: the seeds lose the account.
CREATE TABLE strategies (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  description TEXT NOT NULL,
  parameters TEXT NOT NULL,      -- JSON, as in runs
  created INTEGER NOT NULL,      -- microseconds since 1970 UTC
  PRIMARY KEY (name, version)
) STRICT;
