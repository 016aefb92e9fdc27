-- Times are UTC, without a zone. Money is whole micro-dollars. Ids are made by the caller, before the call.
-- No foreign keys: DuckDB has no cascade, and deleting parent and children in one transaction fails with them.
-- No secondary index, on any column: on a table that has one, DuckDB 2.0.0 loses values that an UPDATE put in place of NULL
-- when the log is replayed (tests/crash/test_replay.py). Without one, a batch is found among a million images in 10 ms.

CREATE SEQUENCE revision;

CREATE TABLE topics (
    id               VARCHAR PRIMARY KEY,
    user_id          VARCHAR NOT NULL,
    title            VARCHAR NOT NULL,
    title_source     VARCHAR NOT NULL CHECK (title_source IN ('user', 'rule', 'model')),
    title_asked      BOOLEAN NOT NULL DEFAULT false,  -- a text model was asked for it by itself, which it is once
    cover_sha256     VARCHAR,
    last_activity_at TIMESTAMP NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    deleted_at       TIMESTAMP,
    revision         BIGINT NOT NULL DEFAULT nextval('revision')
);

CREATE TABLE batches (
    id               VARCHAR PRIMARY KEY,
    topic_id         VARCHAR NOT NULL,
    user_id          VARCHAR NOT NULL,
    provider         VARCHAR NOT NULL,
    model            VARCHAR NOT NULL,
    prompt           VARCHAR NOT NULL CHECK (length(prompt) > 0),
    params_requested JSON NOT NULL,
    n                INTEGER NOT NULL CHECK (n > 0),
    created_at       TIMESTAMP NOT NULL,
    deleted_at       TIMESTAMP,
    revision         BIGINT NOT NULL DEFAULT nextval('revision')
);

CREATE TABLE generations (
    id            VARCHAR PRIMARY KEY,
    batch_id      VARCHAR NOT NULL,
    user_id       VARCHAR NOT NULL,
    idx           INTEGER NOT NULL CHECK (idx >= 0),
    seed          BIGINT,
    task_id       VARCHAR NOT NULL,   -- its newest task, so that reading one image scans nothing
    asset_sha256  VARCHAR,
    cost_micros   BIGINT NOT NULL DEFAULT 0,   -- of all its tasks together
    cost_source   VARCHAR NOT NULL DEFAULT 'free'
                  CHECK (cost_source IN ('free', 'reported', 'computed', 'estimated', 'unknown')),
    starred       BOOLEAN NOT NULL DEFAULT false,
    deleted_at    TIMESTAMP,
    revision      BIGINT NOT NULL DEFAULT nextval('revision')
);

CREATE TABLE tasks (
    id              VARCHAR PRIMARY KEY,
    generation_id   VARCHAR NOT NULL,
    batch_id        VARCHAR NOT NULL,
    user_id         VARCHAR NOT NULL,
    provider        VARCHAR NOT NULL,
    local           BOOLEAN NOT NULL DEFAULT false,   -- made on this machine: no limit counts it
    attempt         INTEGER NOT NULL CHECK (attempt >= 1),        -- which task of its generation
    sends           INTEGER NOT NULL DEFAULT 0 CHECK (sends >= 0), -- how often its submit left
    tries           INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0), -- how many of those the retry table counts
    status          VARCHAR NOT NULL
                    CHECK (status IN ('pending', 'processing', 'success', 'error', 'cancelled', 'lost')),
    params_sent     JSON NOT NULL,
    handle          JSON,
    owner           VARCHAR,
    next_poll_at    TIMESTAMP,
    progress        DOUBLE CHECK (progress BETWEEN 0 AND 1),
    queue_position  INTEGER,
    note            VARCHAR,   -- why it waits, or whether it may be billed, for people
    asset_sha256    VARCHAR,   -- what this attempt made; an earlier one's image stays in the record
    error_kind      VARCHAR,
    error_message   VARCHAR,
    error_next_step VARCHAR,
    error_detail    VARCHAR,
    hold_micros     BIGINT NOT NULL DEFAULT 0,
    cost_micros     BIGINT NOT NULL DEFAULT 0,
    cost_source     VARCHAR NOT NULL DEFAULT 'free',
    created_at      TIMESTAMP NOT NULL,
    sent_at         TIMESTAMP,
    finished_at     TIMESTAMP,
    revision        BIGINT NOT NULL DEFAULT nextval('revision'),
    CHECK ((status = 'error') <= (error_kind IS NOT NULL)),
    CHECK ((status = 'processing') <= (sent_at IS NOT NULL))
);

CREATE TABLE assets (
    sha256     VARCHAR PRIMARY KEY,
    mime       VARCHAR NOT NULL,
    width      INTEGER NOT NULL CHECK (width > 0),
    height     INTEGER NOT NULL CHECK (height > 0),
    bytes      BIGINT NOT NULL CHECK (bytes > 0),
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE refs (
    sha256     VARCHAR PRIMARY KEY,
    mime       VARCHAR NOT NULL,
    width      INTEGER NOT NULL CHECK (width > 0),
    height     INTEGER NOT NULL CHECK (height > 0),
    bytes      BIGINT NOT NULL CHECK (bytes > 0),
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE batch_refs (
    batch_id VARCHAR NOT NULL,
    idx      INTEGER NOT NULL,
    user_id  VARCHAR NOT NULL,
    sha256   VARCHAR NOT NULL,
    is_mask  BOOLEAN NOT NULL,           -- where to change the first reference, not a picture to start from
    PRIMARY KEY (batch_id, idx)
);

CREATE TABLE wallets (
    user_id        VARCHAR PRIMARY KEY,
    balance_micros BIGINT NOT NULL,
    created_at     TIMESTAMP NOT NULL
);

CREATE TABLE ledger (
    id            VARCHAR PRIMARY KEY,   -- made from (task, attempt, kind): booking twice books once
    user_id       VARCHAR NOT NULL,
    task_id       VARCHAR,
    attempt       INTEGER NOT NULL DEFAULT 0,
    kind          VARCHAR NOT NULL CHECK (kind IN ('grant', 'hold', 'capture', 'release')),
    amount_micros BIGINT NOT NULL,
    note          VARCHAR NOT NULL DEFAULT '',
    created_at    TIMESTAMP NOT NULL,
    CHECK (CASE WHEN kind IN ('hold', 'capture') THEN amount_micros <= 0 ELSE amount_micros >= 0 END)
);

CREATE TABLE settings (
    user_id VARCHAR NOT NULL,
    key     VARCHAR NOT NULL,
    value   JSON NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- The documented view: one row per image that is not deleted. Photogram sets `photogram_user` (rows of that user only) and
-- `photogram_home` (paths become absolute); opened by another tool, neither is set: every user's rows, paths relative to the workspace.
CREATE VIEW history AS
SELECT
    g.id                                                  AS generation_id,
    b.id                                                  AS batch_id,
    b.topic_id                                            AS topic_id,
    t.title                                               AS topic_title,
    g.idx                                                 AS idx,
    b.created_at                                          AS created_at,
    k.finished_at                                         AS finished_at,
    b.provider                                            AS provider,
    b.model                                               AS model,
    b.prompt                                              AS prompt,
    k.params_sent                                         AS params,
    coalesce(r.refs, []::VARCHAR[])                       AS refs,
    g.seed                                                AS seed,
    k.status                                              AS status,
    k.error_kind                                          AS error_kind,
    k.error_message                                       AS error,
    k.note                                                AS note,
    k.attempt                                             AS attempts,
    epoch(k.sent_at - k.created_at)                       AS queued_s,
    epoch(k.finished_at - k.sent_at)                      AS run_s,
    g.cost_micros / 1e6                                   AS cost_usd,
    g.cost_source                                         AS cost_source,
    a.width                                               AS width,
    a.height                                              AS height,
    a.mime                                                AS mime,
    a.bytes                                               AS bytes,
    a.sha256                                              AS sha256,
    coalesce(getvariable('photogram_home') || '/', '') || 'images/' || a.sha256[1:2] || '/' || a.sha256 || '.'
        || CASE a.mime WHEN 'image/png' THEN 'png' WHEN 'image/jpeg' THEN 'jpg' WHEN 'image/webp' THEN 'webp'
                       WHEN 'image/gif' THEN 'gif' WHEN 'image/avif' THEN 'avif' ELSE 'svg' END AS path,
    g.starred                                             AS starred
FROM generations g
JOIN batches b ON b.id = g.batch_id
JOIN topics t ON t.id = b.topic_id
JOIN tasks k ON k.id = g.task_id
LEFT JOIN assets a ON a.sha256 = g.asset_sha256
LEFT JOIN (SELECT batch_id, list(sha256 ORDER BY idx) AS refs FROM batch_refs WHERE NOT is_mask GROUP BY batch_id) r ON r.batch_id = b.id
WHERE g.user_id = coalesce(getvariable('photogram_user'), g.user_id)
  AND g.deleted_at IS NULL AND b.deleted_at IS NULL AND t.deleted_at IS NULL;
