"""The patient's pages: behind a link and a code, on an old phone, one-handed, without JavaScript if need be."""
