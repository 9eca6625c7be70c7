"""Outside formats that notices take."""
