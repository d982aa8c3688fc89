"""Playing kept sound and files, with a cursor."""
