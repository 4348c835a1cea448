"""What is said (model), how it is put (compose_*), and how it is shown (blockkit, text, charts)."""
