"""The student tool. It starts at once: nothing here imports tinytorch or numpy."""
