-- What the submits of a ledger cost together: of each that was or may have been accepted. A limit of cost reads this
-- instead of all submits. It is the sum of several parts, so that submits at the same time change different rows.
CREATE TABLE viseme.spent (
    ledger_id BIGINT NOT NULL REFERENCES viseme.ledgers (id) ON DELETE CASCADE,
    part BIGINT NOT NULL CHECK (part BETWEEN 0 AND 15),
    -- One part alone may be below zero.
    amount BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, part)
);

CREATE FUNCTION viseme.cost(submit viseme.submits) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN submit.state <> 'refused' THEN coalesce(submit.price, 0) ELSE 0 END
$$;

CREATE FUNCTION viseme.count_spent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    submit viseme.submits := coalesce(NEW, OLD);
    difference BIGINT := 0;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        difference := difference + viseme.cost(NEW);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        difference := difference - viseme.cost(OLD);
    END IF;
    IF difference <> 0 THEN
        INSERT INTO viseme.spent AS known (ledger_id, part, amount)
        VALUES (submit.ledger_id, mod(submit.id, 16), difference)
        ON CONFLICT (ledger_id, part) DO UPDATE SET amount = known.amount + EXCLUDED.amount;
    END IF;
    RETURN NULL;
END
$$;

-- No submit is added between the sum and the trigger.
LOCK TABLE viseme.submits IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO viseme.spent (ledger_id, part, amount)
SELECT ledger_id, 0, sum(viseme.cost(submits)) FROM viseme.submits GROUP BY ledger_id;

CREATE TRIGGER count_spent AFTER INSERT OR DELETE OR UPDATE OF state, price ON viseme.submits
    FOR EACH ROW EXECUTE FUNCTION viseme.count_spent();
