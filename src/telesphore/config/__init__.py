"""Assembly: settings, routes, the embedded database, who answers each port. Imports all, is imported by none."""
