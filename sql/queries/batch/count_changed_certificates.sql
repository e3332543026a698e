-- How many certificates of a batch are those of earlier sales with another weight or another grade.
--
-- $1 id of the batch
SELECT count(DISTINCT detail.certificate) AS certificate_count
FROM sale_detail AS detail
JOIN sale USING (batch_id, line_number)
JOIN sale_detail AS earlier ON earlier.certificate = detail.certificate AND earlier.batch_id < detail.batch_id
JOIN sale AS sold ON sold.batch_id = earlier.batch_id AND sold.line_number = earlier.line_number
WHERE detail.batch_id = $1
    AND (
        sold.carat <> sale.carat OR sold.cut <> sale.cut OR sold.color <> sale.color OR sold.clarity <> sale.clarity
    );
