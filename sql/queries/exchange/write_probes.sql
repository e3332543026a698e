-- Writes the probes into a file. {path} is the file.
COPY (SELECT * FROM temp.probe ORDER BY probe) TO '{path}' (FORMAT parquet, COMPRESSION zstd);
