"""Money, days, rows and the statistics on them. Pure: values in, values out."""
