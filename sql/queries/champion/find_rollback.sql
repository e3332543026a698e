-- The promotion that a rollback restores, and its model. A promotion that is a rollback itself counts as the one that it
-- restored.
WITH
standing AS (
    SELECT promotion.id, coalesce(rollback.restores, promotion.id) AS stands_for
    FROM promotion
    LEFT JOIN rollback ON rollback.promotion_id = promotion.id
),

before AS (
    SELECT stands_for
    FROM standing
    WHERE id < (SELECT stands_for FROM standing ORDER BY id DESC LIMIT 1)
    ORDER BY id DESC
    LIMIT 1
)

SELECT promotion.id, promotion.model_id
FROM promotion
INNER JOIN before ON before.stands_for = promotion.id;
