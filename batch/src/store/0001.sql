-- The rows of batches; a batch is a ledger of its own, and its rows are keys of it.
CREATE TABLE viseme.batch_items (
    ledger_id BIGINT NOT NULL REFERENCES viseme.ledgers (id),
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    position TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    same_as TEXT,
    error_code TEXT,
    error TEXT,
    outputs TEXT NOT NULL DEFAULT '[]',
    machine TEXT,
    allowed_failures BIGINT NOT NULL DEFAULT 0,
    -- The process that works on the row, until when, and how often one began: a process that was taken over
    -- has another number than the row.
    owner TEXT,
    lease_until TIMESTAMPTZ,
    claims BIGINT NOT NULL DEFAULT 0,
    -- When a process ended its work on the row.
    tried_at TIMESTAMPTZ,
    PRIMARY KEY (ledger_id, id),
    CHECK (state <> 'duplicate' OR same_as IS NOT NULL),
    CHECK ((owner IS NULL) = (lease_until IS NULL))
);

CREATE INDEX batch_items_by_number ON viseme.batch_items (ledger_id, number);
CREATE INDEX batch_items_by_owner ON viseme.batch_items (ledger_id, owner) WHERE owner IS NOT NULL;

CREATE TABLE viseme.batch_uploads (
    ledger_id BIGINT NOT NULL REFERENCES viseme.ledgers (id),
    sha256 TEXT NOT NULL,
    url TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, sha256)
);
