"""Pages of the record: the list of one's patients, a record with its timeline, a document."""
