"""torch.backends: switches of libraries that are not here. They can be set and read."""

from . import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum  # 00
