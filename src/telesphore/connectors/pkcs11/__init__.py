"""Cards, USB tokens and HSMs through their PKCS#11 library (OASIS PKCS#11 2.40)."""
