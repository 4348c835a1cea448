"""What rules find, and whether that is news. Pure."""
