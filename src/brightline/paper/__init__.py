"""What people look at and carry into the room: pages, Word documents, ODRL."""
