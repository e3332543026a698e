-- Closes the copy of another file.
DETACH replica_copy;
