"""Office files become PDF through LibreOffice, confined by bubblewrap: no network, no file of ours, little time."""
