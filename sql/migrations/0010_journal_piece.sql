-- A journal is imported in pieces: the segment that was imported last in pieces, and where in its file the imported ones end.
INSERT INTO setting (name, value) VALUES ('journal_piece', '0:0');
