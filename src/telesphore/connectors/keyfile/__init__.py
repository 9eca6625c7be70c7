"""The vault's master key in a file of this machine."""
