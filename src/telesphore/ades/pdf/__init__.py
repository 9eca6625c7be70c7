"""The syntax of PDF (ISO 32000-2 §7): read within bounds, written as incremental updates; what pages show is elsewhere.

A *section* is one cross-reference table or stream; a *revision* is what one save added to the file. What is odd and
still readable is kept as *anomalies*, never smoothed over.
"""
