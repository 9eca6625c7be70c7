"""The page of work that stopped, with its reason and a button to try again."""
