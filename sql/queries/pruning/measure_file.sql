-- How many bytes of the file are in use.
SELECT CAST(block_size * used_blocks AS BIGINT) AS used_bytes
FROM pragma_database_size()
WHERE database_name = current_database();
