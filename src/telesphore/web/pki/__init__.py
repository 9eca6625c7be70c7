"""What certificates point to, for anyone's programs: lists, OCSP, authorities' certificates, time-stamps."""
