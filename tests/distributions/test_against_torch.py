"""Every distribution beside PyTorch's: densities, moments, entropies, shapes, texts and gradients, to the last digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinytorch

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def checked_arguments():
    """PyTorch's compiler, which another test may have imported, turns off what PyTorch checks here."""
    torch.distributions.Distribution.set_default_validate_args(True)


rng = np.random.default_rng(0)
REAL = rng.normal(size=(4, 3)).round(3)
POSITIVE = rng.uniform(0.3, 3, size=(4, 3)).round(3)
UNIT = rng.uniform(0.05, 0.95, size=(4, 3)).round(3)
SIMPLEX = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
BITS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
COUNTS = np.array([[0.0, 1.0, 4.0], [2.0, 0.0, 7.0]])
SPREAD = np.array([[1.5, 0.3, 0.0], [0.3, 0.8, -0.2], [0.0, -0.2, 0.6]])
TRIL = np.array([[1.2, 0.0, 0.0], [0.4, 0.7, 0.0], [-0.3, 0.2, 0.9]])
CORRELATED = np.linalg.cholesky(np.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]]))


def p(*values):
    """A parameter: a tensor that requires a gradient."""
    return np.array(values)


# name -> (how to make it from a library and its parameters, the parameters, values to score)
CASES = {
    "Normal": (lambda D, a, b: D.Normal(a, b), [p(0.5, -1.0, 2.0), p(0.7, 1.5, 0.2)], REAL),
    "Normal of numbers": (lambda D, a: D.Normal(0.5, 2.0), [p(0.0)], REAL),
    "Normal, broadcast": (lambda D, a, b: D.Normal(a, b), [np.ones((2, 1)), p(0.7, 1.5, 0.2)], REAL[:2]),
    "LogNormal": (lambda D, a, b: D.LogNormal(a, b), [p(0.5, -1.0, 0.2), p(0.7, 0.5, 0.2)], POSITIVE),
    "HalfNormal": (lambda D, a: D.HalfNormal(a), [p(0.5, 1.0, 2.0)], POSITIVE),
    "Laplace": (lambda D, a, b: D.Laplace(a, b), [p(0.5, -1.0, 2.0), p(0.7, 1.5, 0.2)], REAL),
    "Cauchy": (lambda D, a, b: D.Cauchy(a, b), [p(0.5, -1.0, 2.0), p(0.7, 1.5, 0.2)], REAL),
    "Gumbel": (lambda D, a, b: D.Gumbel(a, b), [p(0.5, -1.0, 2.0), p(0.7, 1.5, 0.9)], REAL),
    "StudentT": (lambda D, a, b, c: D.StudentT(a, b, c), [p(0.5, 1.5, 3.0), p(0.5, -1.0, 2.0), p(0.7, 1.5, 0.2)], REAL),
    "Uniform": (lambda D, a, b: D.Uniform(a, b), [p(-3.0, -2.5, -4.0), p(3.0, 4.0, 5.0)], REAL),
    "Exponential": (lambda D, a: D.Exponential(a), [p(0.5, 1.0, 2.0)], POSITIVE),
    "Gamma": (lambda D, a, b: D.Gamma(a, b), [p(0.5, 1.0, 3.0), p(0.7, 1.5, 0.2)], POSITIVE),
    "Chi2": (lambda D, a: D.Chi2(a), [p(0.5, 1.0, 3.0)], POSITIVE),
    "Beta": (lambda D, a, b: D.Beta(a, b), [p(0.5, 1.2, 3.0), p(0.7, 1.5, 2.2)], UNIT),
    "Beta of numbers": (lambda D, a: D.Beta(2.0, 3.0), [p(0.0)], UNIT),
    "Dirichlet": (lambda D, a: D.Dirichlet(a), [np.array([[0.5, 1.2, 3.0], [2.0, 3.0, 1.5]])], SIMPLEX),
    "Dirichlet without a peak": (lambda D, a: D.Dirichlet(a), [np.array([0.5, 0.7, 0.3])], SIMPLEX),
    "Poisson": (lambda D, a: D.Poisson(a), [p(0.5, 1.0, 3.0)], COUNTS),
    "Bernoulli": (lambda D, a: D.Bernoulli(a), [p(0.5, 0.1, 0.9)], BITS),
    "Bernoulli of logits": (lambda D, a: D.Bernoulli(logits=a), [p(0.5, -1.0, 3.0)], BITS),
    "Geometric": (lambda D, a: D.Geometric(a), [p(0.5, 0.1, 0.9)], COUNTS),
    "Geometric of logits": (lambda D, a: D.Geometric(logits=a), [p(0.5, -1.0, 3.0)], COUNTS),
    "Binomial": (lambda D, a: D.Binomial(8, probs=a), [p(0.5, 0.1, 0.9)], COUNTS),
    "Binomial of logits": (lambda D, a: D.Binomial(8, logits=a), [p(0.5, -1.0, 3.0)], COUNTS),
    "Categorical": (lambda D, a: D.Categorical(a), [np.array([[0.2, 0.3, 0.9], [0.6, 0.1, 0.3]])], np.array([0, 2])),
    "Categorical of logits": (lambda D, a: D.Categorical(logits=a), [REAL], np.array([[0], [2]])),
    "OneHotCategorical": (lambda D, a: D.OneHotCategorical(a), [SIMPLEX], np.eye(3)[[2, 0]]),
    "OneHotCategorical of logits": (lambda D, a: D.OneHotCategorical(logits=a), [REAL[0]], np.eye(3)[[2, 0]]),
    "Multinomial": (lambda D, a: D.Multinomial(5, probs=a), [p(0.2, 0.3, 0.5)], np.array([[1.0, 2, 2], [5, 0, 0]])),
    "MultivariateNormal": (lambda D, a, b: D.MultivariateNormal(a, b), [p(0.5, -1.0, 2.0), SPREAD], REAL),
    "MultivariateNormal of L": (lambda D, a, b: D.MultivariateNormal(a, scale_tril=b.tril()), [p(0.5, -1.0, 2.0), TRIL], REAL),
    "MultivariateNormal of precision": (lambda D, a, b: D.MultivariateNormal(a, precision_matrix=b), [p(0.5, -1.0, 2.0), SPREAD], REAL),
    "MultivariateNormal, a batch": (
        lambda D, a, b: D.MultivariateNormal(a, scale_tril=b),
        [REAL[:2], np.stack([TRIL, 2 * TRIL])],
        rng.normal(size=(4, 2, 3)),
    ),
    "Independent": (lambda D, a, b: D.Independent(D.Normal(a, b), 1), [REAL[:2], POSITIVE[:2]], REAL[2:]),
    "squashed": (
        lambda D, a, b: D.TransformedDistribution(D.Normal(a, b), [D.TanhTransform(), D.AffineTransform(1.0, 2.0)]),
        [p(0.5, -1.0, 0.2), p(0.7, 0.5, 0.2)],
        1 + 2 * (UNIT - 0.4),
    ),
    "squashed and independent": (
        lambda D, a, b: D.Independent(D.TransformedDistribution(D.Normal(a, b), D.SigmoidTransform()), 1),
        [p(0.5, -1.0, 0.2), p(0.7, 0.5, 0.2)],
        UNIT,
    ),
    "turned around": (
        lambda D, a, b: D.TransformedDistribution(D.Laplace(a, b), [D.AffineTransform(0.5, -3.0), D.SoftplusTransform()]),
        [p(0.5, -1.0, 0.2), p(0.7, 0.5, 0.2)],
        POSITIVE,
    ),
    "HalfCauchy": (lambda D, a: D.HalfCauchy(a), [p(0.5, 1.0, 2.0)], POSITIVE),
    "InverseGamma": (lambda D, a, b: D.InverseGamma(a, b), [p(0.5, 1.5, 6.0), p(0.7, 1.5, 0.2)], POSITIVE),
    "Pareto": (lambda D, a, b: D.Pareto(a, b), [p(0.1, 0.2, 0.25), p(0.7, 1.5, 4.0)], POSITIVE),
    "Weibull": (lambda D, a, b: D.Weibull(a, b), [p(0.5, 1.0, 2.0), p(0.7, 1.5, 4.0)], POSITIVE),
    "Kumaraswamy": (lambda D, a, b: D.Kumaraswamy(a, b), [p(0.5, 1.2, 3.0), p(0.7, 1.5, 2.2)], UNIT),
    "FisherSnedecor": (lambda D, a, b: D.FisherSnedecor(a, b), [p(1.5, 3.0, 6.0), p(1.0, 3.0, 9.0)], POSITIVE),
    "NegativeBinomial": (lambda D, a: D.NegativeBinomial(3, probs=a), [p(0.5, 0.1, 0.7)], COUNTS),
    "NegativeBinomial of logits": (lambda D, n, a: D.NegativeBinomial(n, logits=a), [p(2.5, 1.0, 0.5), p(0.5, -1.0, 0.3)], COUNTS),
    "ContinuousBernoulli": (lambda D, a: D.ContinuousBernoulli(a), [p(0.4, 0.1, 0.9)], UNIT),
    "ContinuousBernoulli, middle": (lambda D, a: D.ContinuousBernoulli(a), [p(0.5003, 0.4995, 0.5)], UNIT),
    "ContinuousBernoulli of logits": (lambda D, a: D.ContinuousBernoulli(logits=a), [p(0.5, -1.0, 3.0)], UNIT),
    "VonMises": (lambda D, a, b: D.VonMises(a, b), [p(0.5, -1.0, 2.0), p(0.7, 3.0, 20.0)], REAL),
    "LogisticNormal": (lambda D, a, b: D.LogisticNormal(a, b), [p(0.5, -1.0), p(0.7, 0.4)], SIMPLEX),
    "LowRankMultivariateNormal": (lambda D, a, b, c: D.LowRankMultivariateNormal(a, b, c), [p(0.5, -1.0, 2.0), TRIL[:, :2], p(0.7, 0.4, 1.0)], REAL),
    "LowRankMultivariateNormal, a batch": (
        lambda D, a, b, c: D.LowRankMultivariateNormal(a, b, c),
        [REAL[:2], TRIL[:, :2], p(0.7, 0.4, 1.0)],
        rng.normal(size=(4, 2, 3)),
    ),
    "RelaxedBernoulli": (lambda D, t, a: D.RelaxedBernoulli(t, logits=a), [np.array(0.7), p(0.5, -1.0, 0.2)], UNIT),
    "RelaxedOneHotCategorical": (lambda D, t, a: D.RelaxedOneHotCategorical(t, probs=a), [np.array(0.7), SIMPLEX], SIMPLEX),
    "Wishart": (lambda D, n, a: D.Wishart(n, a), [np.array(4.5), SPREAD], np.stack([SPREAD, 2 * SPREAD + np.eye(3)])),
    "Wishart of L": (lambda D, n, a: D.Wishart(n, scale_tril=a.tril()), [p(4.5, 6.0), TRIL], np.stack([SPREAD, 2 * SPREAD])),
    "Wishart of precision": (lambda D, n, a: D.Wishart(n, precision_matrix=a), [np.array(5.0), SPREAD], SPREAD),
    "LKJCholesky": (lambda D, a: D.LKJCholesky(3, a), [p(0.7, 1.0, 3.0)], CORRELATED),
    "MixtureSameFamily": (
        lambda D, w, a, b: D.MixtureSameFamily(D.Categorical(w), D.Normal(a, b)),
        [p(0.2, 0.3, 0.5), p(0.5, -1.0, 0.2), p(0.7, 0.5, 0.2)],
        REAL[:, 0],
    ),
    "MixtureSameFamily of vectors": (
        lambda D, w, a, b: D.MixtureSameFamily(D.Categorical(w), D.Independent(D.Normal(a, b), 1)),
        [p(0.2, 0.3, 0.4, 0.1), REAL[:, :2], POSITIVE[:, :2]],
        REAL[:, :2],
    ),
}  # fmt: skip
DISCRETE = {
    "NegativeBinomial",
    "Poisson",
    "Bernoulli",
    "Geometric",
    "Binomial",
    "Categorical",
    "OneHotCategorical",
    "Multinomial",
}
MOMENTS = ["mean", "variance", "stddev", "mode"]


def made(lib, name):
    make, parameters, values = CASES[name]
    parameters = [lib.tensor(v, dtype=lib.float64, requires_grad=True) for v in parameters]
    whole = lib.int64 if values.dtype == np.int64 else lib.float64
    return make(lib.distributions, *parameters), parameters, lib.tensor(values, dtype=whole)


def answer(compute):
    """What is asked for and its gradients, or the class of the error."""
    try:
        result, parameters = compute()
    except (NotImplementedError, RuntimeError, ValueError) as error:
        return type(error)
    found = [result.detach().numpy()]
    if result.requires_grad:
        finite = result[result.detach().isfinite()] if result.dim() else result
        finite.sum().backward()
        found += [np.zeros(()) if x.grad is None else x.grad.numpy() for x in parameters]
    return found


LESS_EXACT = {"VonMises": 2e-6}  # PyTorch's Bessel functions are approximations


def same(compute, tolerance=1e-9):
    """Both libraries answer alike."""
    ours, theirs = answer(lambda: compute(tinytorch)), answer(lambda: compute(torch))
    if isinstance(theirs, type) or isinstance(ours, type):
        assert ours is theirs
        return
    for a, b in zip(ours, theirs):
        assert a.shape == b.shape and a.dtype == b.dtype
        close = tolerance if a.dtype == np.float64 else 3e-6
        np.testing.assert_allclose(a, b, rtol=close, atol=close)


@pytest.mark.parametrize("name", CASES)
def test_log_prob(name):
    def compute(lib):
        d, parameters, values = made(lib, name)
        return d.log_prob(values), parameters

    same(compute, LESS_EXACT.get(name, 1e-9))


@pytest.mark.parametrize("what", [*MOMENTS, "entropy", "perplexity"])
@pytest.mark.parametrize("name", CASES)
def test_moments(name, what):
    def compute(lib):
        d, parameters, _ = made(lib, name)
        return getattr(d, what)() if what in ("entropy", "perplexity") else getattr(d, what), parameters

    if (name, what) == ("Kumaraswamy", "mode"):
        pytest.skip("PyTorch's formula is not that of its mode: the logarithm of a negative number")
    same(
        compute, 1e-6 if name == "Multinomial" else LESS_EXACT.get(name, 1e-9)
    )  # PyTorch takes its log n! in float32


@pytest.mark.parametrize("name", [name for name in CASES if name.split(" ")[0] not in DISCRETE])
def test_cdf_and_its_inverse(name):
    def cdf(lib):
        d, parameters, values = made(lib, name)
        out = d.cdf(values)
        return (
            out.detach() if name in ("Gamma", "Chi2", "InverseGamma") else out
        ), parameters  # PyTorch has no gradient for gammainc

    def icdf(lib):
        d, parameters, _ = made(lib, name)
        return d.icdf(lib.tensor(UNIT, dtype=lib.float64)), parameters

    same(cdf)
    if "MixtureSameFamily" not in name:
        same(icdf)


@pytest.mark.filterwarnings(
    "ignore:Singular sample detected"
)  # PyTorch's Wishart, of draws that rounding made asymmetric
@pytest.mark.parametrize("name", CASES)
def test_shapes_and_texts(name):
    ours, theirs = (made(lib, name)[0] for lib in (tinytorch, torch))
    assert repr(ours) == repr(theirs)
    assert (tuple(ours.batch_shape), tuple(ours.event_shape)) == (
        tuple(theirs.batch_shape),
        tuple(theirs.event_shape),
    )
    assert bool(ours.has_rsample) == bool(theirs.has_rsample)
    assert bool(ours.has_enumerate_support) == bool(theirs.has_enumerate_support)
    draw, other = ours.sample((2, 5)), theirs.sample((2, 5))
    assert tuple(draw.shape) == tuple(other.shape)
    assert draw.dtype.name == str(other.dtype).removeprefix("torch.")
    assert ours.sample().shape == ours.batch_shape + ours.event_shape
    assert not draw.requires_grad
    if ours.has_enumerate_support:
        for expand in (True, False):
            assert ours.enumerate_support(expand).tolist() == theirs.enumerate_support(expand).tolist()


@pytest.mark.filterwarnings("ignore:Singular sample detected")
@pytest.mark.parametrize("name", CASES)
def test_expand(name):
    def compute(lib):
        d, parameters, values = made(lib, name)
        wide = d.expand((4, *d.batch_shape) if "Independent" not in name else (4, 2))
        assert wide.sample((3,)).shape == (3, *wide.batch_shape, *wide.event_shape)
        return wide.log_prob(values), parameters

    same(compute, LESS_EXACT.get(name, 1e-9))


@pytest.mark.parametrize(
    "name",
    [name for name in CASES if name not in ("MixtureSameFamily", "MixtureSameFamily of vectors", "VonMises")],
)
def test_draws_have_the_right_moments(name):
    """Means of 20,000 draws within five of their standard errors."""
    tinytorch.manual_seed(3)
    d = made(tinytorch, name)[0]
    draws = d.sample((20_000,)).double().numpy()
    try:
        mean, variance = d.mean.detach().numpy(), d.variance.detach().numpy()
    except NotImplementedError:
        base, draws = d, d.sample((20_000,))
        support = base.support.check(draws)
        assert support.all()
        return
    known = np.isfinite(mean) & np.isfinite(variance)
    error = np.abs(draws.mean(0) - mean)[known]
    assert (error <= 5 * np.sqrt(variance[known] / len(draws)) + 1e-12).all()
    assert d.support.check(d.sample((1000,))).all()


NO_SLOPE = {
    "Cauchy",
    "HalfCauchy",
    "StudentT",
    "InverseGamma",
    "Pareto",
    "FisherSnedecor",
    "ContinuousBernoulli, middle",
    "VonMises",
    "Normal of numbers",
    "Beta of numbers",
    "LKJCholesky",
}  # no mean or one that few draws rule, or nothing to differentiate


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in CASES
        if name.split(" ")[0] not in DISCRETE | {"MixtureSameFamily"} and name not in NO_SLOPE
    ],
)
def test_gradients_through_draws(name):
    """The mean's slope, estimated through rsample, is the slope of the mean."""
    tinytorch.manual_seed(5)
    d, parameters, _ = made(tinytorch, name)
    try:
        exact = answer(lambda: (d.mean, parameters))
    except NotImplementedError:
        exact = NotImplementedError
    d, parameters, _ = made(tinytorch, name)
    d.rsample((20_000,)).mean(0).sum().backward()
    if exact is NotImplementedError:
        assert all(x.grad is not None and np.isfinite(x.grad.numpy()).all() for x in parameters)
        return
    for x, wanted in zip(parameters, exact[1:]):
        assert np.abs((0 if x.grad is None else x.grad.numpy()) - wanted).max() < 0.1 * max(
            1, np.abs(wanted).max()
        )


# ---------------------------------------------------------------- gamma's implicit gradient


def test_gamma_slope():
    from tinytorch.distributions.gamma import gamma_slope

    concentration = np.repeat([0.02, 0.3, 1.0, 2.5, 30.0, 500.0], 6)
    quantiles = np.tile([1e-3, 0.05, 0.3, 0.5, 0.9, 0.999], 6)
    import scipy.special

    x = np.maximum(scipy.special.gammaincinv(concentration, quantiles), 1e-300)
    theirs = torch._standard_gamma_grad(torch.tensor(concentration), torch.tensor(x)).numpy()
    ours = gamma_slope(concentration, x)
    np.testing.assert_allclose(
        ours, theirs, rtol=3e-3
    )  # PyTorch's is an approximation; this one is held against itself below
    step = 1e-5 * concentration
    exact = (
        scipy.special.gammaincinv(concentration + step, quantiles)
        - scipy.special.gammaincinv(concentration - step, quantiles)
    ) / (2 * step)
    np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=1e-12)


def test_angles_around_a_circle():
    """The mean of cos(x - loc) for VonMises is I1(k) / I0(k), and every angle lies in [-pi, pi)."""
    tinytorch.manual_seed(3)
    d = made(tinytorch, "VonMises")[0]
    draws = d.sample((20_000,))
    assert (draws >= -math.pi).all() and (draws < math.pi).all()
    found = (draws - d.loc.detach()).cos().mean(0)
    np.testing.assert_allclose(found.numpy(), (1 - d.variance).detach().numpy(), atol=0.02)


def test_kl_divergence_of_wisharts():
    """Values as PyTorch's; the slopes are finite differences, since PyTorch leaves out that of the first one's df."""

    def compute(lib):
        p, q = made(lib, "Wishart of precision")[0], made(lib, "Wishart")[0]
        return lib.distributions.kl_divergence(p, q).detach(), []

    same(compute)
    D = tinytorch.distributions
    scale = tinytorch.tensor(SPREAD)
    between = lambda a, b, V: D.kl_divergence(D.Wishart(a, V), D.Wishart(b, scale))
    inputs = [tinytorch.tensor(v, dtype=tinytorch.float64, requires_grad=True) for v in (5.0, 4.5)]
    assert tinytorch.autograd.gradcheck(lambda a, b: between(a, b, scale + 1), inputs)
    batch = between(
        inputs[0], tinytorch.tensor([4.5, 6.0]), scale + 1
    )  # PyTorch's mixes the members of a batch
    assert batch.tolist() == [between(inputs[0], df, scale + 1).item() for df in (4.5, 6.0)]


def test_generalized_pareto():
    """Beside SciPy's: PyTorch's takes float32 only."""
    import scipy.stats

    values = [np.array(v) for v in ([0.1, 0.0, 0.2], [0.7, 1.5, 4.0], [0.2, 0.0, -0.4])]
    exact = scipy.stats.genpareto(values[2], values[0], values[1])
    d = tinytorch.distributions.GeneralizedPareto(*map(tinytorch.tensor, values))
    x, u = tinytorch.tensor(POSITIVE), tinytorch.tensor(UNIT)
    close = lambda a, b: np.testing.assert_allclose(a.numpy(), b, rtol=1e-9)
    close(d.log_prob(x), exact.logpdf(POSITIVE))
    close(d.cdf(x), exact.cdf(POSITIVE))
    close(d.log_cdf(x), exact.logcdf(POSITIVE))
    close(d.log_survival_function(x), exact.logsf(POSITIVE))
    close(d.icdf(u), exact.ppf(UNIT))
    close(d.mean, exact.mean())
    close(d.variance, exact.var())
    close(d.entropy(), exact.entropy())
    assert d.support.check(d.sample((1000,))).all()
    with pytest.raises(ValueError, match="support"):
        d.log_prob(tinytorch.tensor([0.0, 1.0, 1.0]))  # below the first one's loc
    heavy = tinytorch.distributions.GeneralizedPareto(*map(tinytorch.tensor, (0.0, 1.0, 1.5)))
    assert heavy.mean.isinf() and heavy.variance.isinf()
    ours, theirs = (
        lib.distributions.GeneralizedPareto(*(lib.tensor(v, dtype=lib.float32) for v in values))
        for lib in (tinytorch, torch)
    )
    assert repr(ours) == repr(theirs)
    np.testing.assert_allclose(
        ours.log_prob(x.float()).numpy(), theirs.log_prob(torch.tensor(POSITIVE).float()).numpy(), rtol=1e-5
    )


def test_correlations_drawn_from_lkj():
    """Each of them is 2 B - 1 with B from Beta(a, a), a = concentration - 1 + dim / 2: its variance is 1 / (2 a + 1)."""
    tinytorch.manual_seed(3)
    for dim, concentration in ((2, 0.5), (4, 1.0), (4, 3.0)):
        L = tinytorch.distributions.LKJCholesky(dim, concentration).sample((20_000,))
        below = np.tril_indices(dim, -1)
        found = (L @ L.mT).numpy()[:, below[0], below[1]]
        wanted = 1 / (2 * (concentration - 1 + dim / 2) + 1)
        np.testing.assert_allclose(found.var(0), wanted, rtol=0.05)
        np.testing.assert_allclose(found.mean(0), 0, atol=0.03)


def test_an_exponential_family_of_ones_own():
    """Entropy and divergence come out of the log normalizer alone."""

    def compute(lib):
        class Decay(lib.distributions.ExponentialFamily):
            arg_constraints = {}
            _mean_carrier_measure = 0

            def __init__(self, rate):
                self.rate = rate
                super().__init__(rate.shape)

            @property
            def _natural_params(self):
                return (-self.rate,)

            def _log_normalizer(self, x):
                return -lib.log(-x)

        rates = [lib.tensor([0.5, 2.0], dtype=lib.float64, requires_grad=True) * k for k in (1, 3)]
        p, q = map(Decay, rates)
        return lib.stack([p.entropy(), lib.distributions.kl_divergence(p, q)]), rates

    same(lambda lib: (compute(lib)[0].detach(), []))


VECTOR_TRANSFORMS = {
    "StickBreaking": (lambda D: D.transforms.StickBreakingTransform(), REAL),
    "LowerCholesky": (lambda D: D.transforms.LowerCholeskyTransform(), SPREAD),
    "PositiveDefinite": (lambda D: D.transforms.PositiveDefiniteTransform(), TRIL),
    "CorrCholesky": (lambda D: D.transforms.CorrCholeskyTransform(), REAL),
    "CorrCholesky of one": (lambda D: D.transforms.CorrCholeskyTransform(), REAL[:, :1]),
    "Reshape": (lambda D: D.transforms.ReshapeTransform((3,), (1, 3)), REAL),
    "CumulativeDistribution": (lambda D: D.transforms.CumulativeDistributionTransform(D.Normal(0.0, 1.0)), REAL),
    "Cat": (lambda D: D.transforms.CatTransform([D.transforms.ExpTransform(), D.transforms.identity_transform], -1, [1, 2]), REAL),
    "Stack": (lambda D: D.transforms.StackTransform([D.transforms.ExpTransform(), D.transforms.TanhTransform(), D.transforms.SigmoidTransform()], -1), REAL),
}  # fmt: skip


@pytest.mark.parametrize("what", ["y", "x", "slope", "shape", "domain", "codomain"])
@pytest.mark.parametrize("name", VECTOR_TRANSFORMS)
def test_transforms_of_vectors(name, what):
    def compute(lib):
        make, values = VECTOR_TRANSFORMS[name]
        x = lib.tensor(values, dtype=lib.float64, requires_grad=True)
        t = make(lib.distributions)
        y = t(x)
        asked = {
            "y": lambda: y, "x": lambda: t.inv(y), "slope": lambda: t.log_abs_det_jacobian(x, y),
            "shape": lambda: lib.tensor([*t.forward_shape(x.shape), *t.inverse_shape(y.shape)]),
            "domain": lambda: t.domain.check(x.detach()), "codomain": lambda: t.codomain.check(y.detach()),
        }  # fmt: skip
        return asked[what](), [x]

    same(compute, 1e-7)


# ---------------------------------------------------------------- divergences

PAIRS = [
    ("Normal", "Normal"), ("Normal", "Laplace"), ("Normal", "Gumbel"), ("Laplace", "Laplace"), ("Laplace", "Normal"),
    ("Uniform", "Uniform"), ("Uniform", "Normal"), ("Uniform", "Exponential"), ("Exponential", "Exponential"),
    ("Exponential", "Gamma"), ("Exponential", "Normal"), ("Gamma", "Gamma"), ("Gamma", "Exponential"), ("Gamma", "Normal"),
    ("Beta", "Beta"), ("Dirichlet", "Dirichlet"), ("Bernoulli", "Bernoulli"), ("Bernoulli of logits", "Bernoulli"),
    ("Bernoulli", "Poisson"), ("Poisson", "Poisson"), ("Poisson", "Bernoulli"), ("Categorical", "Categorical"),
    ("Categorical of logits", "Categorical of logits"), ("OneHotCategorical", "OneHotCategorical"),
    ("Geometric", "Geometric"), ("Binomial", "Binomial"), ("Cauchy", "Cauchy"), ("Gumbel", "Gumbel"),
    ("HalfNormal", "HalfNormal"), ("LogNormal", "LogNormal"), ("Independent", "Independent"), ("Normal", "Exponential"),
    ("MultivariateNormal", "MultivariateNormal of L"), ("MultivariateNormal of L", "MultivariateNormal of precision"),
    ("MultivariateNormal, a batch", "MultivariateNormal of L"), ("Normal", "Categorical"), ("squashed", "LogNormal"),
    ("Chi2", "Gamma"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=" to ".join)
def test_kl_divergence(pair):
    def compute(lib):
        (p, first, _), (q, second, _) = (made(lib, name) for name in pair)
        return lib.distributions.kl_divergence(p, q), [*first, *second]

    same(compute)


def test_kl_of_what_cannot_happen():
    def compute(lib):
        D = lib.distributions
        p, q = (D.Categorical(lib.tensor(v, dtype=lib.float64)) for v in ([0.5, 0.5, 0.0], [1.0, 0.0, 0.0]))
        bits = [
            D.Bernoulli(lib.tensor(v, dtype=lib.float64))
            for v in ([0.0, 1.0, 0.5, 0.5], [0.5, 1.0, 0.0, 1.0])
        ]
        wide, narrow = D.Uniform(0.0, 2.0), D.Uniform(0.5, 1.0)
        kl = D.kl_divergence
        parts = [kl(p, q), kl(q, p), kl(wide, narrow), kl(narrow, wide), *kl(*bits), *kl(*reversed(bits))]
        return lib.stack([part.double() for part in parts]), []

    same(compute, 1e-6)


def test_own_formulas():
    D = tinytorch.distributions

    class Mine(D.Normal):
        pass

    @D.register_kl(Mine, D.Normal)
    def formula(p, q):
        return tinytorch.tensor(42.0)

    assert D.kl_divergence(Mine(0.0, 1.0), Mine(0.0, 1.0)).item() == 42
    assert D.kl_divergence(D.Normal(0.0, 1.0), Mine(0.0, 1.0)).item() == 0
    del D.kl.formulas[Mine, D.Normal]
    with pytest.raises(TypeError, match="Expected type_q to be a Distribution subclass"):
        D.register_kl(D.Normal, D.Normal(0.0, 1.0))


@pytest.mark.parametrize("name", ["constraints", "transforms"])
def test_all_that_modules_hand_on(name):
    ours, theirs = (getattr(lib.distributions, name) for lib in (tinytorch, torch))
    assert set(theirs.__all__) - set(ours.__all__) <= {"MixtureSameFamilyConstraint"}
    assert all(hasattr(ours, handed_on) for handed_on in ours.__all__)


# ---------------------------------------------------------------- what is refused

WRONG = {
    "scale": lambda t: t.distributions.Normal(0.0, -1.0),
    "scales": lambda t: t.distributions.Normal(t.zeros(2), t.tensor([1.0, -1.0])),
    "nan": lambda t: t.distributions.Normal(math.nan, 1.0),
    "order": lambda t: t.distributions.Uniform(2.0, 1.0),
    "unchecked": lambda t: t.distributions.Normal(0.0, -1.0, validate_args=False),
    "probs": lambda t: t.distributions.Bernoulli(t.tensor([0.5, 1.5])),
    "both": lambda t: t.distributions.Bernoulli(probs=0.5, logits=0.0),
    "neither": lambda t: t.distributions.Categorical(),
    "simplex": lambda t: t.distributions.Categorical(t.tensor([0.5, -0.5])),
    "one number": lambda t: t.distributions.Categorical(t.tensor(0.5)),
    "covariance": lambda t: t.distributions.MultivariateNormal(
        t.zeros(2), t.tensor([[1.0, 2.0], [2.0, 1.0]])
    ),
    "asymmetric": lambda t: t.distributions.MultivariateNormal(
        t.zeros(2), t.tensor([[1.0, 0.5], [0.0, 1.0]])
    ),
    "tril": lambda t: t.distributions.MultivariateNormal(t.zeros(2), scale_tril=t.ones(2, 2)),
    "two matrices": lambda t: t.distributions.MultivariateNormal(t.zeros(2), t.eye(2), t.eye(2)),
    "value outside": lambda t: t.distributions.Uniform(0.0, 1.0).log_prob(t.tensor(2.0)),
    "value of wrong shape": lambda t: t.distributions.Normal(t.zeros(2), 1.0).log_prob(t.zeros(3)),
    "event of wrong shape": lambda t: t.distributions.Dirichlet(t.ones(3)).log_prob(t.ones(2) / 2),
    "value no tensor": lambda t: t.distributions.Normal(0.0, 1.0).log_prob(1.0),
    "not whole": lambda t: t.distributions.Poisson(1.0).log_prob(t.tensor(1.5)),
    "class": lambda t: t.distributions.Categorical(t.ones(3)).log_prob(t.tensor(3)),
    "not one-hot": lambda t: t.distributions.OneHotCategorical(t.ones(3)).log_prob(t.ones(3)),
    "too many dims": lambda t: t.distributions.Independent(t.distributions.Normal(t.zeros(2), 1.0), 2),
    "text": lambda t: t.distributions.Normal("0", 1.0),
    "geometric": lambda t: t.distributions.Geometric(t.tensor([0.0, 0.5])),
    "rsample": lambda t: t.distributions.Categorical(t.ones(3)).rsample(),
    "cdf": lambda t: t.distributions.Categorical(t.ones(3)).cdf(t.tensor(1)),
    "transforms": lambda t: t.distributions.TransformedDistribution(t.distributions.Normal(0.0, 1.0), "tanh"),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_refusals(make):
    said = []
    for lib in (tinytorch, torch):
        try:
            make(lib)
            said.append((None, ""))
        except (ValueError, NotImplementedError) as error:
            said.append((type(error), str(error)))
    (ours, our_text), (theirs, their_text) = said
    assert ours is theirs
    if their_text.startswith("Expected") and "objects implementing" not in their_text:
        assert our_text.endswith(their_text)


def test_validation_can_be_switched_off():
    D = tinytorch.distributions
    D.Distribution.set_default_validate_args(False)
    try:
        assert D.Uniform(0.0, 1.0).log_prob(tinytorch.tensor(2.0)).item() == -math.inf
    finally:
        D.Distribution.set_default_validate_args(True)


# ---------------------------------------------------------------- transforms

TRANSFORMS = {
    "exp": (lambda D: D.ExpTransform(), REAL),
    "tanh": (lambda D: D.TanhTransform(cache_size=1), REAL),
    "sigmoid": (lambda D: D.SigmoidTransform(), REAL),
    "softplus": (lambda D: D.SoftplusTransform(), REAL),
    "affine": (lambda D: D.AffineTransform(1.0, -2.0), REAL),
    "affine of vectors": (lambda D: D.AffineTransform(1.0, 2.0, event_dim=1), REAL),
    "power": (lambda D: D.PowerTransform(2.0), POSITIVE),
    "inverse": (lambda D: D.SigmoidTransform().inv, UNIT),
    "chain": (
        lambda D: D.ComposeTransform([D.AffineTransform(0.0, 0.5), D.ExpTransform(), D.ExpTransform().inv]),
        REAL,
    ),
    "independent": (lambda D: D.IndependentTransform(D.ExpTransform(), 1), REAL),
    "abs": (lambda D: D.AbsTransform(), REAL),
    "softmax": (lambda D: D.SoftmaxTransform(), REAL),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name):
    make, values = TRANSFORMS[name]

    def compute(lib, what):
        t, x = make(lib.distributions), lib.tensor(values, dtype=lib.float64, requires_grad=True)
        y = t(x)
        return {"y": lambda: y, "x": lambda: t.inv(y), "slope": lambda: t.log_abs_det_jacobian(x, y)}[
            what
        ](), [x]

    for what in ("y", "x", "slope"):
        same(lambda lib, what=what: compute(lib, what))
    ours, theirs = (make(lib.distributions) for lib in (tinytorch, torch))
    assert repr(ours) == repr(theirs)
    assert ours.bijective == theirs.bijective
    assert repr(ours.domain) == repr(theirs.domain) and repr(ours.codomain) == repr(theirs.codomain)


def test_a_cached_inverse_is_exact():
    t, x = tinytorch.distributions.TanhTransform(cache_size=1), tinytorch.tensor([20.0])
    y = t(x)
    assert t.inv(y) is x
    assert tinytorch.distributions.TanhTransform().inv(y).item() == math.inf
    assert t.inv.inv is t
    assert tinytorch.distributions.AffineTransform(0, 1) == tinytorch.distributions.AffineTransform(0, 1)
    assert tinytorch.distributions.AffineTransform(0, 1) != tinytorch.distributions.AffineTransform(0, 2)


def test_straight_through():
    probs = tinytorch.tensor([0.2, 0.3, 0.5], requires_grad=True)
    draw = tinytorch.distributions.OneHotCategoricalStraightThrough(probs).rsample()
    assert sorted(draw.tolist()) == [0, 0, 1]
    (draw * tinytorch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert probs.grad is not None and abs(probs.grad.sum().item()) > 0


REGIONS = {
    "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative,
    "from 2": lambda c: c.greater_than(2.0),
    "up to 1": lambda c: c.less_than(1.0),
    "unit": lambda c: c.unit_interval,
    "interval": lambda c: c.interval(-1, 3.0),
    "half open": lambda c: c.half_open_interval(-1.0, 3.0),
    "real": lambda c: c.real,
    "vectors": lambda c: c.independent(c.positive, 1),
}


@pytest.mark.parametrize("way", ["biject_to", "transform_to"])
@pytest.mark.parametrize("region", REGIONS.values(), ids=REGIONS.keys())
def test_ways_into_a_region(region, way):
    def compute(lib, what):
        t = getattr(lib.distributions, way)(region(lib.distributions.constraints))
        x = lib.tensor(REAL, dtype=lib.float64, requires_grad=True)
        y = t(x)
        return {"y": lambda: y, "x": lambda: t.inv(y), "slope": lambda: t.log_abs_det_jacobian(x, y)}[
            what
        ](), [x]

    for what in ("y", "x", "slope"):
        same(lambda lib, what=what: compute(lib, what))


def test_ways_into_other_regions():
    D = tinytorch.distributions
    assert isinstance(D.transform_to(D.constraints.simplex), D.SoftmaxTransform)
    assert isinstance(D.biject_to(D.constraints.simplex), D.StickBreakingTransform)
    with pytest.raises(NotImplementedError, match="Cannot transform _OneHot constraints: register"):
        D.biject_to(D.constraints.one_hot)
    with pytest.raises(TypeError, match="Expected constraint to be .* but got 3"):
        D.biject_to.register(3, D.ExpTransform)
    ways = D.constraint_registry.ConstraintRegistry()
    ways.register(D.constraints.positive)(lambda constraint: D.ExpTransform())
    assert ways(D.constraints.greater_than(0)) == D.ExpTransform()


def test_standard_normal_draws():
    draws = tinytorch.distributions.utils._standard_normal((2, 3), tinytorch.float64, "cpu")
    assert tuple(draws.shape) == (2, 3) and draws.dtype == tinytorch.float64
