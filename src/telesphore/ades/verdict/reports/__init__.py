"""A verdict told: as JSON for programs, as ETSI TS 119 102-2 XML for auditors, as a page for a judge and a patient."""
