"""Set-up, locks and the proof of the image: run by make, not shipped."""
