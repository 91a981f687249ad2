"""What is read from and written to the tables of the database: one statement for each method of a Journal.

The names of tables have their schema: no setting of a user's may lead elsewhere.
"""

#: Turns; what does not come back is there already, or waits for a step though a later epoch has begun in it: another
#: process has the outcome. The first turn of a session draws its number, unless a step has drawn it before; a failed
#: one adds up how much is kept for it.
_COMMIT = """
INSERT INTO tornado_alice.turn (sid, seq, epoch, n, message_id, at, waits, ended, request, ops, reply, digest, version,
                                script, state, failure, skill_id, session_id, asks, prompt, number, size)
SELECT u.sid, u.seq, u.epoch, u.n, u.message_id, u.at, u.waits, u.ended, u.request, u.ops, u.reply, u.digest, u.version,
       u.script, u.state, u.failure, u.skill_id, u.session_id, u.asks, u.prompt,
       CASE WHEN u.n = 0 THEN coalesce(
           u.number, (SELECT number FROM tornado_alice.step WHERE sid = u.sid LIMIT 1),
           nextval('tornado_alice.session_number')) END,
       CASE WHEN u.failure IS NOT NULL THEN
           octet_length(u.request) + octet_length(u.reply) + coalesce(octet_length(u.ops), 0) + coalesce(
               (SELECT sum(octet_length(t.request) + octet_length(t.reply) + coalesce(octet_length(t.ops), 0))
                FROM tornado_alice.turn AS t WHERE t.sid = u.sid), 0) END
FROM {turns}
     AS u (sid, seq, epoch, n, message_id, at, waits, ended, request, ops, reply, digest, version, script, state,
           failure, skill_id, session_id, number, asks, prompt)
WHERE CASE WHEN u.waits THEN coalesce(
    (SELECT max(epoch) FROM tornado_alice.step WHERE (sid, seq) = (u.sid, u.seq)), 0) <= u.epoch ELSE true END
ON CONFLICT DO NOTHING RETURNING sid, seq, number
"""
#: A group of turns, each parameter a list.
COMMIT = _COMMIT.format(
    turns="""unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::bigint[], $6::float8[], $7::bool[], $8::bool[],
                    $9::bytea[], $10::text[], $11::bytea[], $12::text[], $13::text[], $14::text[], $15::text[],
                    $16::text[], $17::text[], $18::text[], $19::bigint[], $20::text[], $21::text[])"""
)
#: A turn alone: lists would cost more than the turn.
COMMIT_ONE = _COMMIT.format(
    turns="""(VALUES ($1::uuid, $2::int, $3::int, $4::int, $5::bigint, $6::float8, $7::bool, $8::bool, $9::bytea,
                     $10::text, $11::bytea, $12::text, $13::text, $14::text, $15::text, $16::text, $17::text,
                     $18::text, $19::bigint, $20::text, $21::text))"""
)

#: Those of a group that are kept as they were to be: somebody has written them, and only the answer was lost.
FIND_AGAIN = """
SELECT t.sid, t.seq, t.number
FROM tornado_alice.turn AS t
JOIN unnest($1::uuid[], $2::int[], $3::float8[], $4::bytea[], $5::bytea[]) AS u (sid, seq, at, request, reply)
  ON (t.sid, t.seq, t.at, t.request, t.reply) = (u.sid, u.seq, u.at, u.request, u.reply)
"""

#: All that is known of a session: turns from $4 on and at least the last one, an answer to this very message, and steps
#: of turns that are not finished.
LOAD = """
WITH last AS (SELECT seq, n FROM tornado_alice.turn WHERE sid = $1 ORDER BY seq DESC LIMIT 1)
SELECT false AS is_step, t.seq, t.n, t.epoch, t.message_id, t.at, t.request, t.ops, t.reply, t.digest, t.version,
       t.script, t.state, t.ended, t.failure, t.asks, t.prompt,
       (SELECT number FROM tornado_alice.turn WHERE sid = $1 AND n = 0 ORDER BY seq LIMIT 1) AS number
FROM tornado_alice.turn AS t, last
WHERE t.sid = $1 AND (t.seq >= least(last.seq, greatest($4::int, last.seq - last.n))
                      OR t.message_id = $2::bigint AND t.request = $3::bytea)
UNION ALL
SELECT true, s.seq, s.k, s.epoch, NULL, NULL, NULL, s.outcome, NULL, s.asked, s.name, s.script, s.state, false, NULL,
       NULL, NULL, s.number
FROM tornado_alice.step AS s
WHERE s.sid = $1
  AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = $1 AND seq >= s.seq AND NOT waits)
ORDER BY is_step, seq, n
"""

#: Take a step: the turn is not kept, nobody has begun a later epoch in it, and the step is free: not there, left by
#: another script, run out, or ours. Rows of finished steps stay until the session is swept: a row that went with the
#: turn would let a claim pass that was under way at that moment, and the step would be done twice.
#: `was_others` looks at the row as it was before.
CLAIM = """
INSERT INTO tornado_alice.step AS s (sid, seq, k, asked, name, owner, epoch, script, state, until, number)
SELECT $1::uuid, $2::int, $3::int, $4::text, $5::text, $6::uuid, $7::int, $8::text, $9::text, now() + $12::interval,
       coalesce($10::bigint, (SELECT number FROM tornado_alice.turn WHERE sid = $1 AND n = 0 ORDER BY seq LIMIT 1),
                (SELECT number FROM tornado_alice.step WHERE sid = $1 LIMIT 1), nextval('tornado_alice.session_number'))
WHERE NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = $1 AND seq >= $11::int)
  AND NOT EXISTS (SELECT 1 FROM tornado_alice.step WHERE sid = $1 AND seq >= $11 AND epoch > $7)
ON CONFLICT (sid, seq, k, asked) DO UPDATE
SET (name, outcome, owner, epoch, script, state, until) = (excluded.name, NULL, excluded.owner, excluded.epoch,
    excluded.script, excluded.state, excluded.until)
WHERE s.name <> excluded.name OR s.outcome IS NULL AND (s.until < now() OR s.owner = excluded.owner)
RETURNING number, EXISTS (SELECT 1 FROM tornado_alice.step AS o
                          WHERE (o.sid, o.seq, o.k, o.asked, o.name) = ($1, $2, $3, $4, $5) AND o.owner <> $6)
                  AS was_others
"""

#: The outcome of a claimed step; the same one may come again.
SETTLE = """
UPDATE tornado_alice.step SET outcome = $1
WHERE (sid, seq, k, asked, name, owner) = ($2, $3, $4, $5, $6, $7) AND (outcome IS NULL OR outcome = $1) RETURNING 1
"""

#: Hold these steps for $2 from now on; with no time at all, let others take them.
HOLD = """
UPDATE tornado_alice.step AS s SET until = now() + $2::interval
FROM unnest($3::uuid[], $4::int[], $5::int[], $6::text[]) AS u (sid, seq, k, asked)
WHERE (s.sid, s.seq, s.k, s.asked) = (u.sid, u.seq, u.k, u.asked) AND s.owner = $1 AND s.outcome IS NULL
"""

#: $1 sessions, of the skills $2 or of any, that wait for a step which nobody runs: its turn is kept, its lease is over.
LEFT = """
SELECT DISTINCT f.skill_id, f.session_id
FROM tornado_alice.step AS s JOIN tornado_alice.turn AS f ON f.sid = s.sid AND f.n = 0
WHERE s.outcome IS NULL AND s.until < now() AND ($2::text[] IS NULL OR f.skill_id = ANY ($2))
  AND EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = s.sid AND seq = s.seq)
  AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = s.sid AND seq >= s.seq AND NOT waits)
LIMIT $1
"""

#: A small batch of sessions that nobody will ask for any more: $1 to $3 are the times until which turns of ended,
#: failed and silent ones are old, $4 how many bytes the failed ones may take, $5 how many sessions go.
SWEEP = """
WITH ended AS (
    SELECT sid FROM tornado_alice.turn AS t
    WHERE ended AND failure IS NULL AND at < $1
      AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = t.sid AND seq > t.seq)
      AND NOT EXISTS (SELECT 1 FROM tornado_alice.step WHERE sid = t.sid AND seq > t.seq)
    LIMIT $5),
failed AS (
    SELECT sid, at, sum(size) OVER (ORDER BY at DESC, number DESC) AS bytes FROM tornado_alice.turn AS t
    WHERE ended AND failure IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = t.sid AND seq > t.seq)
      AND NOT EXISTS (SELECT 1 FROM tornado_alice.step WHERE sid = t.sid AND seq > t.seq)),
silent AS (
    SELECT f.sid FROM tornado_alice.turn AS f CROSS JOIN LATERAL (
        SELECT at, ended FROM tornado_alice.turn WHERE sid = f.sid ORDER BY seq DESC LIMIT 1) AS l
    WHERE f.n = 0 AND f.at < $3 AND l.at < $3 AND NOT l.ended LIMIT $5),
unbegun AS (
    SELECT sid FROM tornado_alice.step AS s
    WHERE seq = 0 AND until < to_timestamp($3)
      AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = s.sid) LIMIT $5),
old AS (
    SELECT sid FROM ended UNION SELECT sid FROM failed WHERE at < $2 OR bytes > $4
    UNION SELECT sid FROM silent UNION SELECT sid FROM unbegun LIMIT $5),
waited AS (
    INSERT INTO tornado_alice.tally AS t
    SELECT l.asks, l.version, l.prompt, 'left', count(*)
    FROM old CROSS JOIN LATERAL (
        SELECT asks, version, prompt FROM tornado_alice.turn WHERE sid = old.sid ORDER BY seq DESC LIMIT 1) AS l
    WHERE l.prompt IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (script, version, place, word) DO UPDATE SET count = t.count + excluded.count),
turns AS (DELETE FROM tornado_alice.turn WHERE sid IN (SELECT sid FROM old)),
steps AS (DELETE FROM tornado_alice.step WHERE sid IN (SELECT sid FROM old))
SELECT count(*) FROM old
"""

#: The latest sessions of state $1, with a turn since $2, of skill $3, all of them where that is NULL; $4 of them, NULL
#: for all; or the one with the number $5, or else with the session_id $6.
SESSIONS = """
SELECT number, skill_id, session_id, epoch, c.turns, c.first, at AS last, ended, failure, sid
FROM (
    SELECT f.sid, f.number, f.skill_id, f.session_id, l.epoch, l.at, l.ended, l.failure
    FROM tornado_alice.turn AS f CROSS JOIN LATERAL (
        SELECT epoch, at, ended, failure FROM tornado_alice.turn WHERE sid = f.sid ORDER BY seq DESC LIMIT 1) AS l
    WHERE f.n = 0 AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = f.sid AND seq < f.seq)
      AND ($1::text IS NULL OR $1 = CASE WHEN NOT l.ended THEN 'open' WHEN l.failure IS NULL THEN 'ended'
                                         ELSE 'failed' END)
      AND ($2::float8 IS NULL OR l.at >= $2)
      AND ($3::text IS NULL OR f.skill_id = $3 OR starts_with(f.skill_id, $3 || '/'))
      AND ($6::text IS NULL OR f.number = $5::bigint OR f.session_id = $6)
    ORDER BY ($5::bigint IS NOT NULL AND f.number = $5) DESC, l.at DESC, f.number DESC LIMIT $4) AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS turns, min(at) AS first FROM tornado_alice.turn WHERE sid = s.sid) AS c
ORDER BY ($5::bigint IS NOT NULL AND number = $5) DESC, at DESC, number DESC
"""

#: All turns of the session with a number, of all epochs.
TURNS = """
SELECT epoch, n, message_id, at, request, ops, reply, digest, version, asks, prompt
FROM tornado_alice.turn
WHERE sid = (SELECT sid FROM tornado_alice.turn WHERE n = 0 AND number = $1 LIMIT 1) ORDER BY seq
"""

#: Batch $2 of the counts of writer $1: added once, however often it comes. In order, so that processes that add at the
#: same moment wait for each other in the same order.
ADD_TALLIES = """
WITH batch AS (
    INSERT INTO tornado_alice.tally_batch AS b VALUES ($1::uuid, $2::bigint, now())
    ON CONFLICT (owner) DO UPDATE SET (number, at) = (excluded.number, excluded.at) WHERE b.number < excluded.number
    RETURNING 1)
INSERT INTO tornado_alice.tally AS t
SELECT u.* FROM batch, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
    AS u (script, version, place, word, count)
ORDER BY u.script, u.version, u.place, u.word
ON CONFLICT (script, version, place, word) DO UPDATE SET count = t.count + excluded.count
"""

#: What stands at the prompts of a batch; the first one tells, unless it did not know.
ADD_PROMPTS = """
INSERT INTO tornado_alice.prompt AS p
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::float8[])
    AS u (script, version, place, code, since) ORDER BY script, version, place
ON CONFLICT (script, version, place) DO UPDATE SET code = excluded.code WHERE p.code = '' AND excluded.code <> ''
"""

#: Batches of writers that have counted nothing for a day, which therefore offer none again.
FORGET_BATCHES = "DELETE FROM tornado_alice.tally_batch WHERE at < now() - interval '1 day'"

#: All that was counted.
TALLIES = """
SELECT p.script, p.version, p.place, p.code, p.since, t.word, t.count
FROM tornado_alice.prompt AS p LEFT JOIN tornado_alice.tally AS t USING (script, version, place)
ORDER BY p.script, p.version, p.place
"""

#: Where sessions wait that are open, and how many of them have had no turn since $1.
WAITING = """
SELECT l.asks, l.version, l.prompt, count(*) AS open, count(*) FILTER (WHERE l.at < $1) AS silent
FROM tornado_alice.turn AS f CROSS JOIN LATERAL (
    SELECT asks, version, prompt, at FROM tornado_alice.turn WHERE sid = f.sid ORDER BY seq DESC LIMIT 1) AS l
WHERE f.n = 0 AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = f.sid AND seq < f.seq)
  AND l.prompt IS NOT NULL
GROUP BY l.asks, l.version, l.prompt
"""

#: The first turn of each open session, which says who it is, with its last one, which says where it stands.
_OPEN = """
FROM tornado_alice.turn AS f CROSS JOIN LATERAL (
    SELECT seq, n, epoch, ended, failure, script, state FROM tornado_alice.turn
    WHERE sid = f.sid ORDER BY seq DESC LIMIT 1) AS l
WHERE f.n = 0 AND NOT l.ended AND NOT EXISTS (SELECT 1 FROM tornado_alice.turn WHERE sid = f.sid AND seq < f.seq)
"""

#: How many sessions are open, by skill_id.
COUNT_OPEN = f"SELECT f.skill_id, count(*) {_OPEN} GROUP BY f.skill_id"

#: The open sessions of some skills.
OPENED = f"""
SELECT f.sid, f.number, f.skill_id, f.session_id, l.seq, l.n, l.epoch, l.script, l.state, l.ended, l.failure
{_OPEN} AND f.skill_id = ANY($1::text[])
"""

#: The turns of sessions in one epoch each.
TURNS_OF_EPOCHS = """
SELECT t.sid, t.n, t.message_id, t.at, t.request, t.ops, t.reply, t.digest, t.version, t.asks, t.prompt
FROM unnest($1::uuid[], $2::int[]) AS u (sid, epoch)
JOIN tornado_alice.turn AS t ON t.sid = u.sid AND t.epoch = u.epoch ORDER BY t.sid, t.seq
"""
