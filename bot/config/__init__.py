"""Settings and rules: files from people, read strictly, with every mistake told in its place."""
