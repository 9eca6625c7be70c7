"""What can be asked of the trail: events, the tree and its proofs, whether all of it still holds."""
