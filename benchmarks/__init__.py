"""Generators and measurements: how good the judgement is, in figures anyone can repeat."""
