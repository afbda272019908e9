"""What is kept on disk: the journal and the tiles of the record, and the private side of its entries."""
