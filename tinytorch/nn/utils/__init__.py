"""What is done to all parameters of a model, and to one parameter of a module."""
