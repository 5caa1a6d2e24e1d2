-- Mail and channel messages, from the moment they were ordered until they were sent or given up. Texts are in outbox.
-- One row: a message.
--
-- * outbox_id INTEGER: key of outbox
-- * create_time TIME: when it was ordered
-- * status TEXT: queued, held, sending, sent, merged, dead, discarded or captured
-- * failed INTEGER: 1 where it was given up, or waits with an error; else 0
-- * kind TEXT: what it is, such as mail, alert or summary
-- * client TEXT: client that ordered it; empty where none did
-- * channel TEXT: mail, or the name of a channel
-- * account TEXT: mail account it goes through; empty for the default one
-- * recipients TEXT: addresses, with commas between
-- * subject TEXT: its subject
-- * attempts INTEGER: times it was tried
-- * next_attempt TIME: when it is due to be tried
-- * sent TIME: when it was handed over; empty before
-- * last_error TEXT: what the last attempt failed with; empty where none did
-- * message_id TEXT: its Message-ID, the same in every attempt
CREATE VIEW v_messages AS
SELECT
    o.outbox_id,
    o.create_time,
    o.status,
    CASE WHEN o.status = 'dead' OR (o.status = 'queued' AND COALESCE(o.last_error, '') <> '') THEN 1 ELSE 0 END AS failed,
    o.kind,
    NULLIF(o.client, '') AS client,
    o.channel,
    NULLIF(o.account, '') AS account,
    o.recipients,
    o.subject,
    o.attempts,
    NULLIF(o.next_attempt, '') AS next_attempt,
    NULLIF(o.sent, '') AS sent,
    NULLIF(o.last_error, '') AS last_error,
    o.message_id
FROM outbox o
