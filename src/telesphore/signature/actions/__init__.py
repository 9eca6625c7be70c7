"""What can happen to an envelope: sent, viewed, signed, declined, voided, sealed, copied."""
