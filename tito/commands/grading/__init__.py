"""The commands of `tito assessment`, one file for each kind of work."""
