"""Layers, losses and what models are made of."""

from . import functional  # 03
from . import init, utils  # 04
from .activation import (
    CELU, ELU, GELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, LogSigmoid, LogSoftmax, Mish, PReLU, ReLU,
    ReLU6, RReLU, SELU, Sigmoid, SiLU, Softmax, Softmax2d, Softmin, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
)  # 04
from .container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential  # 04
from .distance import CosineSimilarity, PairwiseDistance  # 04
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout  # 04
from .linear import Bilinear, Identity, Linear  # 04
from .loss import (
    BCELoss, BCEWithLogitsLoss, CosineEmbeddingLoss, CrossEntropyLoss, CTCLoss, GaussianNLLLoss, HingeEmbeddingLoss, HuberLoss,
    KLDivLoss, L1Loss, MarginRankingLoss, MSELoss, MultiLabelMarginLoss, MultiLabelSoftMarginLoss, MultiMarginLoss, NLLLoss,
    PoissonNLLLoss, SmoothL1Loss, SoftMarginLoss, TripletMarginLoss, TripletMarginWithDistanceLoss,
)  # 04
from .module import Module  # 04
from .parameter import Buffer, Parameter  # 04
from .shape import Flatten, Unflatten  # 04
from .embedding import Embedding, EmbeddingBag  # 14
from .attention import MultiheadAttention  # 15

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
