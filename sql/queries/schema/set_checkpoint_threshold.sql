-- Sets how long the write-ahead log may become before a commit writes a checkpoint instead. {threshold} is its length.
SET wal_autocheckpoint = '{threshold}';
