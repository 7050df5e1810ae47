"""The same lessons done by three people on their own, and what somebody does to a copy so that it does not look like one."""

from __future__ import annotations

import ast
import random
from pathlib import PurePosixPath

from tito.course import the_course
from tito.weave import swap, taught_by, weave_file

ANN = """
def softmax_op(x, *, dim):
    top = np.max(x, axis=dim, keepdims=True)
    powers = np.exp(x - top)
    total = np.sum(powers, axis=dim, keepdims=True)
    return powers / total

def log_softmax_op(x, *, dim):
    top = np.max(x, axis=dim, keepdims=True)
    moved = x - top
    total = np.sum(np.exp(moved), axis=dim, keepdims=True)
    return moved - np.log(total)

def places(size, kernel, stride, dilation):
    answer = []
    for axis in range(len(size)):
        covered = dilation[axis] * (kernel[axis] - 1) + 1
        answer.append((size[axis] - covered) // stride[axis] + 1)
    return tuple(answer)

def add_windows(parts, size, stride, dilation):
    n = len(size)
    out = np.zeros(parts.shape[:-2 * n] + tuple(size), parts.dtype)
    for tap in np.ndindex(*parts.shape[-2 * n:-n]):
        index = [Ellipsis]
        for axis in range(n):
            start = tap[axis] * dilation[axis]
            length = stride[axis] * (parts.shape[axis - n] - 1) + 1
            index.append(slice(start, start + length, stride[axis]))
        out[tuple(index)] += parts[(Ellipsis, *tap) + (slice(None),) * n]
    return out

def sgd_step(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov):
    if weight_decay != 0:
        g = g + p * weight_decay
    if momentum != 0:
        np.multiply(buffer, momentum, out=buffer)
        np.add(buffer, g * (1 - dampening), out=buffer)
        if nesterov:
            g = g + buffer * momentum
        else:
            g = buffer
    np.subtract(p, g * lr, out=p)

def adam_step(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled):
    if weight_decay:
        if decoupled:
            p -= p * lr * weight_decay
        else:
            g = g + p * weight_decay
    m[...] = beta1 * m + (1 - beta1) * g
    v[...] = beta2 * v + (1 - beta2) * np.square(g)
    second = v
    if v_max is not None:
        v_max[...] = np.where(v > v_max, v, v_max)
        second = v_max
    first_hat = m / (1 - beta1 ** step)
    second_hat = second / (1 - beta2 ** step)
    p -= lr * first_hat / (np.sqrt(second_hat) + eps)

def max_pool_forward(x, kernel, stride, padding, dilation, remember):
    seen = windows(pad_with(x, padding, lowest(x.dtype)), kernel, stride, dilation)
    n = len(kernel)
    flat = seen.reshape(*seen.shape[:-2 * n], -1, *seen.shape[-n:])
    where = flat.argmax(axis=-n - 1)
    best = np.take_along_axis(flat, np.expand_dims(where, -n - 1), axis=-n - 1)
    return best.squeeze(-n - 1), where if remember else None

def weight_gradient(g, x):
    rows = reshape_op(g, shape=(-1, g.shape[-1]))
    inputs = reshape_op(x, shape=(-1, x.shape[-1]))
    return matmul_op(rows.T, inputs)
"""

BOB = """
def softmax_op(x, *, dim):
    z = np.exp(x - x.max(dim, keepdims=True))
    z *= 1.0 / z.sum(dim, keepdims=True)
    return z

def log_softmax_op(x, *, dim):
    biggest = x.max(dim, keepdims=True)
    return x - (biggest + np.log(np.exp(x - biggest).sum(dim, keepdims=True)))

def places(size, kernel, stride, dilation):
    reached = np.multiply(dilation, np.subtract(kernel, 1)) + 1
    return tuple(int(v) for v in (np.asarray(size) - reached) // np.asarray(stride) + 1)

def add_windows(parts, size, stride, dilation):
    d = len(size)
    head, k, count = parts.shape[: -2 * d], parts.shape[-2 * d : -d], parts.shape[-d:]
    result = np.zeros(head + tuple(size), dtype=parts.dtype)
    grid = [np.add.outer(np.arange(a) * b, np.arange(c) * s) for a, b, c, s in zip(k, dilation, count, stride)]
    for position in np.ndindex(k):
        where = np.ix_(*[grid[i][position[i]] for i in range(d)])
        result[(..., *where)] += parts[(..., *position, *[slice(None)] * d)]
    return result

def sgd_step(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov):
    step = g.copy()
    step += weight_decay * p
    if not momentum:
        p[...] = p - lr * step
        return
    buffer[...] = momentum * buffer + (1.0 - dampening) * step
    p[...] = p - lr * (step + momentum * buffer if nesterov else buffer)

def adam_step(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled):
    shrink = lr * weight_decay if decoupled else 0.0
    p *= 1.0 - shrink
    grad = g if decoupled else g + weight_decay * p
    np.copyto(m, m + (grad - m) * (1.0 - beta1))
    np.copyto(v, v + (grad ** 2 - v) * (1.0 - beta2))
    if v_max is None:
        scale = v
    else:
        np.copyto(v_max, np.maximum(v_max, v))
        scale = v_max
    correction = math.sqrt(1.0 - math.pow(beta2, step)) / (1.0 - math.pow(beta1, step))
    p -= lr * correction * m / (np.sqrt(scale) + eps * math.sqrt(1.0 - math.pow(beta2, step)))

def max_pool_forward(x, kernel, stride, padding, dilation, remember):
    view = windows(pad_with(x, padding, lowest(x.dtype)), kernel, stride, dilation)
    best = tap_of_best = None
    for i, tap in enumerate(taps(kernel)):
        candidate = view[tap]
        if best is None:
            best, tap_of_best = candidate.copy(), np.zeros(candidate.shape, int)
            continue
        better = candidate > best
        best[better] = candidate[better]
        tap_of_best[better] = i
    return (best, tap_of_best) if remember else (best, None)

def weight_gradient(g, x):
    if g.ndim > 2:
        g = reshape_op(g, shape=(math.prod(g.shape[:-1]), g.shape[-1]))
        x = reshape_op(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))
    return matmul_op(g.T, x)
"""

CID = """
def softmax_op(x, *, dim):
    # log-sum-exp first, then one power
    m = np.amax(x, dim)
    lse = np.log(np.exp(x - np.expand_dims(m, dim)).sum(dim)) + m
    return np.exp(x - np.expand_dims(lse, dim)).astype(x.dtype)

def log_softmax_op(x, *, dim):
    lse = np.logaddexp.reduce(x, axis=dim)
    return (x - np.expand_dims(lse, dim)).astype(x.dtype)

def places(size, kernel, stride, dilation):
    def one(n, k, s, d):
        last = n - (k - 1) * d
        return len(range(0, last, s))
    return tuple(map(one, size, kernel, stride, dilation))

def add_windows(parts, size, stride, dilation):
    dims = len(size)
    out = np.zeros((*parts.shape[: -2 * dims], *size), parts.dtype)
    if dims == 1:
        for i in range(parts.shape[-2]):
            for a in range(parts.shape[-1]):
                out[..., i * dilation[0] + a * stride[0]] += parts[..., i, a]
        return out
    for i in range(parts.shape[-4]):
        for j in range(parts.shape[-3]):
            for a in range(parts.shape[-2]):
                for b in range(parts.shape[-1]):
                    out[..., i * dilation[0] + a * stride[0], j * dilation[1] + b * stride[1]] += parts[..., i, j, a, b]
    return out

def sgd_step(p, g, buffer, lr, momentum, dampening, weight_decay, nesterov):
    d_p = g
    d_p = d_p + weight_decay * p if weight_decay else d_p
    if momentum:
        buffer -= buffer * (1 - momentum)
        buffer += d_p - dampening * d_p
        d_p = d_p + buffer * momentum if nesterov else np.array(buffer)
    update = -lr * d_p
    p += update

def adam_step(p, g, m, v, v_max, step, lr, beta1, beta2, eps, weight_decay, decoupled):
    if decoupled:
        p[...] *= 1 - lr * weight_decay
    elif weight_decay > 0:
        g = np.add(g, np.multiply(p, weight_decay))
    for average, value, beta in ((m, g, beta1), (v, g * g, beta2)):
        average *= beta
        average += value * (1 - beta)
    root = np.sqrt(v)
    if v_max is not None:
        v_max[:] = np.fmax(v, v_max)
        root = np.sqrt(v_max)
    bias1, bias2 = 1 - beta1 ** step, (1 - beta2 ** step) ** 0.5
    change = (m / bias1) / (root / bias2 + eps)
    p += -lr * change

def max_pool_forward(x, kernel, stride, padding, dilation, remember):
    seen = windows(pad_with(x, padding, lowest(x.dtype)), kernel, stride, dilation)
    axes = tuple(range(-2 * len(kernel), -len(kernel)))
    largest = seen.max(axis=axes)
    if not remember:
        return largest, None
    winner = np.full(largest.shape, -1)
    for number, tap in reversed(list(enumerate(taps(kernel)))):
        winner = np.where(seen[tap] == largest, number, winner)
    return largest, winner

def weight_gradient(g, x):
    while g.ndim > 2:
        g, x = [reshape_op(t, shape=(t.shape[0] * t.shape[1], *t.shape[2:])) for t in (g, x)]
    return matmul_op(permute_op(g, dims=(1, 0)), x)
"""

AUTHORS = {"ann": ANN, "bob": BOB, "cid": CID}


def skeleton(level: int = 6) -> dict[str, str]:
    """What a student is given, all modules up to a level: file by file."""
    course = the_course()
    out = {}
    for module in course.modules[: level + 1]:
        taught = taught_by(module, course.package)
        for file in module.files:
            source = (course.package / file).read_bytes().decode()
            mine = [one for one in taught if one.file == file]
            out[f"tinytorch/{file}"] = weave_file(source, mine) if mine else source
    return out


def work_of(bodies: str, level: int = 6) -> dict[str, bytes]:
    """A submission: the skeleton with these bodies in it."""
    files, todo = skeleton(level), {node.name for node in ast.parse(bodies).body}
    for name, source in files.items():
        if PurePosixPath(name).suffix != ".py":
            continue
        for function in [
            n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name in todo
        ]:
            source = swap(source, function, bodies)
            todo.discard(function)
        files[name] = source
    assert not todo, f"the skeleton has no {todo}"
    return {name: source.encode() for name, source in files.items()}


class Renamed(ast.NodeTransformer):
    """Every variable of a function has another name."""

    def __init__(self, salt: str):
        self.salt = salt

    def visit_FunctionDef(self, node):
        mine = {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
        mine |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id in mine:
                inner.id = f"{self.salt}_{inner.id[::-1]}"
            elif isinstance(inner, ast.arg):
                inner.arg = f"{self.salt}_{inner.arg[::-1]}"
        return node


def disguised(bodies: str, seed: int = 0) -> str:
    """Variables renamed, functions in another order, other layout, other comments and docstrings."""
    tree = Renamed(random.Random(seed).choice(["my", "tmp", "val"])).visit(ast.parse(bodies))
    functions = list(tree.body)
    random.Random(seed).shuffle(functions)
    for i, function in enumerate(functions):
        function.body.insert(0, ast.Expr(ast.Constant(f"My own idea number {i}.")))
    tree.body = functions
    lines = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
    return "\n".join(line + ("  # as discussed in class" if line.startswith("    ") and i % 5 == 0 and not line.rstrip().endswith(('"""', ":")) else "") for i, line in enumerate(lines)) + "\n"  # fmt: skip
