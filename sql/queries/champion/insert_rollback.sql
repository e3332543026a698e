-- Records that the last promotion is a rollback.
--
-- $1 id of the promotion that it restores
INSERT INTO rollback (promotion_id, restores)
SELECT max(id), $1
FROM promotion;
