"""What each command does with its arguments: load, run, show."""
