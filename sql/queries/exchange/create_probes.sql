-- Stones by which a model is tried before it is taken in, on their way into a file. {columns} are those of the trees, and what a model says.
CREATE OR REPLACE TEMPORARY TABLE probe (
    probe BIGINT,
    {columns}
);
