"""The journal: who did what, for the auditor and the data protection officer."""
