"""Encrypted bytes in an S3 bucket: SeaweedFS, Ceph, or any other."""
