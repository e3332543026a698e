-- Models are compressed from now on; those that are stored stay as they are.
COMMENT ON COLUMN artifact.content IS 'Its bytes in the format of its family, compressed with Zstandard; models of versions before this layout are not compressed.';
