"""torch._dynamo.eval_frame: the class of compiled modules, of which there are none: `torch.compile` hands back what it is given."""


class OptimizedModule:
    """Nothing is an instance of it."""
