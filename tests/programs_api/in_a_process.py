"""What the tests run in a process of its own: a module that is imported quickly."""


def add_ones(module, *tensors):
    """To every parameter and tensor, where it lies."""
    for x in (*module.parameters(), *tensors):
        x.data.add_(1)
