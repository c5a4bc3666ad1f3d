-- The API keys. A secret is 256 random bits, so that one round of SHA-256 keeps
-- it as well as any slow hash would keep a password.
CREATE TABLE api_key (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  roles       TEXT NOT NULL,              -- names, by commas
  operations  TEXT NOT NULL,              -- operation ids, by commas; empty: all that the roles allow
  hash        BLOB NOT NULL,              -- SHA-256 of the secret
  old_hash    BLOB,                       -- of the secret before the last rotation
  old_until   INTEGER,                    -- Unix seconds; until then the old secret is taken too
  created_at  INTEGER NOT NULL,
  created_by  TEXT NOT NULL,
  expires_at  INTEGER,                    -- NULL: never
  revoked_at  INTEGER,
  used_at     INTEGER                     -- to the minute
) STRICT;
