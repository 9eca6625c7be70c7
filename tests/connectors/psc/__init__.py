"""Pro Santé Connect, against a real OpenID Connect provider and against one that misbehaves."""
