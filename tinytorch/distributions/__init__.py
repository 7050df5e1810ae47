"""Probability distributions: draws, with gradients where they have any, and densities."""

from . import constraints, transforms  # 05
from .bernoulli import Bernoulli  # 05
from .beta import Beta  # 05
from .binomial import Binomial  # 05
from .categorical import Categorical  # 05
from .cauchy import Cauchy  # 05
from .chi2 import Chi2  # 05
from .constraint_registry import biject_to, transform_to  # 05
from .dirichlet import Dirichlet  # 05
from .distribution import Distribution  # 05
from .exponential import Exponential  # 05
from .gamma import Gamma  # 05
from .geometric import Geometric  # 05
from .gumbel import Gumbel  # 05
from .half_normal import HalfNormal  # 05
from .independent import Independent  # 05
from .kl import kl_divergence, register_kl  # 05
from .laplace import Laplace  # 05
from .log_normal import LogNormal  # 05
from .mixture_same_family import MixtureSameFamily  # 05
from .multinomial import Multinomial  # 05
from .multivariate_normal import MultivariateNormal  # 05
from .normal import Normal  # 05
from .one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough  # 05
from .poisson import Poisson  # 05
from .relaxed_bernoulli import LogitRelaxedBernoulli, RelaxedBernoulli  # 05
from .relaxed_categorical import ExpRelaxedCategorical, RelaxedOneHotCategorical  # 05
from .studentT import StudentT  # 05
from .transformed_distribution import TransformedDistribution  # 05
from .transforms import (  # 05
    AbsTransform, AffineTransform, ComposeTransform, ExpTransform, IndependentTransform, PowerTransform, SigmoidTransform,
    SoftmaxTransform, SoftplusTransform, TanhTransform, Transform, identity_transform,
)
from .uniform import Uniform  # 05

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
