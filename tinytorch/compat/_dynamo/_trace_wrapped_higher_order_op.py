"""torch._dynamo._trace_wrapped_higher_order_op: what programs enter around functions that are to be compiled."""

from contextlib import nullcontext


class TransformGetItemToIndex(nullcontext):
    """PyTorch's lets `x[i]` with a tensor i work inside vmap; here it always does."""
