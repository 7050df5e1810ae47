"""Probability distributions: draws, with gradients where they have any, and densities."""

from . import constraints, transforms  # 05
from .bernoulli import Bernoulli  # 05
from .beta import Beta  # 05
from .binomial import Binomial  # 05
from .categorical import Categorical  # 05
from .cauchy import Cauchy  # 05
from .chi2 import Chi2  # 05
from .continuous_bernoulli import ContinuousBernoulli  # 05
from .constraint_registry import biject_to, transform_to  # 05
from .dirichlet import Dirichlet  # 05
from .distribution import Distribution  # 05
from .exp_family import ExponentialFamily  # 05
from .exponential import Exponential  # 05
from .fishersnedecor import FisherSnedecor  # 05
from .gamma import Gamma  # 05
from .generalized_pareto import GeneralizedPareto  # 05
from .geometric import Geometric  # 05
from .gumbel import Gumbel  # 05
from .half_cauchy import HalfCauchy  # 05
from .half_normal import HalfNormal  # 05
from .independent import Independent  # 05
from .inverse_gamma import InverseGamma  # 05
from .kl import kl_divergence, register_kl  # 05
from .kumaraswamy import Kumaraswamy  # 05
from .laplace import Laplace  # 05
from .lkj_cholesky import LKJCholesky  # 05
from .log_normal import LogNormal  # 05
from .logistic_normal import LogisticNormal  # 05
from .lowrank_multivariate_normal import LowRankMultivariateNormal  # 05
from .mixture_same_family import MixtureSameFamily  # 05
from .multinomial import Multinomial  # 05
from .multivariate_normal import MultivariateNormal  # 05
from .negative_binomial import NegativeBinomial  # 05
from .normal import Normal  # 05
from .one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough  # 05
from .pareto import Pareto  # 05
from .poisson import Poisson  # 05
from .relaxed_bernoulli import LogitRelaxedBernoulli, RelaxedBernoulli  # 05
from .relaxed_categorical import ExpRelaxedCategorical, RelaxedOneHotCategorical  # 05
from .studentT import StudentT  # 05
from .transformed_distribution import TransformedDistribution  # 05
from .transforms import (  # 05
    AbsTransform, AffineTransform, CatTransform, ComposeTransform, CorrCholeskyTransform, CumulativeDistributionTransform, ExpTransform,
    IndependentTransform, LowerCholeskyTransform, PositiveDefiniteTransform, PowerTransform, ReshapeTransform, SigmoidTransform,
    SoftmaxTransform, SoftplusTransform, StackTransform, StickBreakingTransform, TanhTransform, Transform, identity_transform,
)
from .uniform import Uniform  # 05
from .von_mises import VonMises  # 05
from .weibull import Weibull  # 05
from .wishart import Wishart  # 05

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
