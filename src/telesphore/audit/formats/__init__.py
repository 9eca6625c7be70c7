"""What outside standards say of a log, its proofs and its export; pure, and free of Django."""
