-- Opens the copy of another file beside this one. {path} is the copy.
ATTACH '{path}' AS replica_copy (READ_ONLY);
