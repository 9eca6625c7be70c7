"""What comes from outside and is made into what the record keeps. Pure: no database, no request."""
