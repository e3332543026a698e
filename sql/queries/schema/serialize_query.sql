-- The syntax tree of a query, as JSON.
--
-- $1 the query
SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR) AS syntax_tree;
