"""The commands, one file a family. Each parses, calls a function that returns records, and renders."""
