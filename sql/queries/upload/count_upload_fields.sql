-- How many rows upload_field has, and in how many of them each column is there.
SELECT
    count(*),
    count(carat),
    count(cut),
    count(color),
    count(clarity),
    count(depth),
    count("table"),
    count(price),
    count(x),
    count(y),
    count(z)
FROM upload_field;
