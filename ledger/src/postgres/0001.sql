-- A ledger: what one SQLite file is. It belongs to one account once it was used.
CREATE TABLE viseme.ledgers (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    base_url TEXT,
    key_digest TEXT,
    CHECK ((base_url IS NULL) = (key_digest IS NULL)),
    UNIQUE (id, base_url)
);

-- One open submit a key, one key a job (in all ledgers of a base URL), and one job in progress or
-- completed a key.
CREATE TABLE viseme.submits (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_id BIGINT NOT NULL,
    base_url TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    -- A random id of the claim, by which its process knows it again after a lost connection.
    claim_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('sent', 'accepted', 'completed', 'ended', 'refused')),
    model TEXT NOT NULL,
    record TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    job_id TEXT,
    status TEXT,
    reason TEXT,
    price BIGINT CHECK (price >= 0),
    CHECK ((job_id IS NOT NULL) = (state IN ('accepted', 'completed', 'ended'))),
    UNIQUE (base_url, job_id),
    FOREIGN KEY (ledger_id, base_url) REFERENCES viseme.ledgers (id, base_url)
);

CREATE UNIQUE INDEX one_submit_a_key ON viseme.submits (ledger_id, key)
    WHERE state IN ('sent', 'accepted', 'completed');
CREATE INDEX submits_of_a_key ON viseme.submits (ledger_id, key, id);
CREATE INDEX submits_by_time ON viseme.submits (base_url, model, sent_at);
