"""Snippets about gradients: backward, hooks, modes, in-place writes, custom functions, torch.autograd."""

from tests.parity.snippets import blocks

PROGRAMS = blocks("""
# backward fills grad
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x**2).sum().backward()
x.grad

# backward accumulates
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * 2).sum().backward()
(x * 3).sum().backward()
x.grad, x.grad.requires_grad

# backward of a vector needs a gradient
x = torch.ones(2, requires_grad=True)
(x * 2).backward()

# backward with a gradient
x = torch.ones(2, requires_grad=True)
(x * 2).backward(torch.tensor([1.0, 10.0]))
y = x * 3
y.backward(gradient=torch.ones(2))
x.grad

# backward with a wrong gradient shape
x = torch.ones(2, requires_grad=True)
(x * 2).backward(torch.ones(3))

# backward twice is an error
x = torch.ones(2, requires_grad=True)
y = (x * x).sum()
y.backward()
y.backward()

# retain_graph
x = torch.ones(2, requires_grad=True)
y = (x * x).sum()
y.backward(retain_graph=True)
y.backward()
x.grad

# backward without a graph
torch.ones(1).backward()

# grad of what needs none
x = torch.ones(2, requires_grad=True)
y = torch.ones(2)
(x * y).sum().backward()
y.grad

# grad of a middle value
x = torch.ones(2, requires_grad=True)
y = x * 2
y.retain_grad()
z = y * 3
z.sum().backward()
x.grad, y.grad, y.is_leaf, z.requires_grad

# grad of a middle value without retain_grad
x = torch.ones(2, requires_grad=True)
y = x * 2
y.sum().backward()
y.grad

# retain_grad of what needs none
torch.ones(2).retain_grad()

# requires_grad_ of a middle value
x = torch.ones(2, requires_grad=True)
y = x * 2
y.requires_grad_(False)

# requires_grad of integers
torch.arange(3).requires_grad_()

# setting requires_grad
x = torch.ones(2)
x.requires_grad = True
(x * 2).sum().backward()
x.requires_grad_(False)
x.grad, x.requires_grad

# detach cuts
x = torch.ones(2, requires_grad=True)
y = (x * 2).detach()
z = (x * y).sum()
z.backward()
x.grad, y.requires_grad, y.grad_fn

# detach_
x = torch.ones(2, requires_grad=True)
y = x * 2
y.detach_()
y.requires_grad, y.is_leaf

# no_grad
x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    y = x * 2
    inner = torch.is_grad_enabled()
y.requires_grad, inner, torch.is_grad_enabled()

# no_grad as a decorator
@torch.no_grad()
def f(x):
    return x * 2
@torch.no_grad
def g(x):
    return x * 2
x = torch.ones(2, requires_grad=True)
f(x).requires_grad, g(x).requires_grad, f.__name__

# enable_grad inside no_grad
x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    with torch.enable_grad():
        y = x * 2
y.requires_grad

# set_grad_enabled
x = torch.ones(2, requires_grad=True)
with torch.set_grad_enabled(False):
    a = x * 2
torch.set_grad_enabled(False)
b = x * 2
torch.set_grad_enabled(True)
c = x * 2
a.requires_grad, b.requires_grad, c.requires_grad

# inference_mode
x = torch.ones(2, requires_grad=True)
with torch.inference_mode():
    y = x * 2
@torch.inference_mode()
def f(x):
    return x + 1
y.requires_grad, f(x).requires_grad

# new leaves under no_grad
with torch.no_grad():
    x = torch.ones(2, requires_grad=True)
x.requires_grad

# no_grad leaves by exception
x = torch.ones(2, requires_grad=True)
try:
    with torch.no_grad():
        raise ValueError
except ValueError:
    pass
torch.is_grad_enabled(), (x * 2).requires_grad

# manual sgd
w = torch.ones(3, requires_grad=True)
for step in range(3):
    loss = (w * torch.arange(3.0)).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
w, w.is_leaf

# manual sgd by data
w = torch.ones(3, requires_grad=True)
for step in range(3):
    (w * w).sum().backward()
    w.data -= 0.1 * w.grad.data
    w.grad = None
w, w.grad

# manual sgd by data.sub_
w = torch.ones(3, requires_grad=True)
for step in range(3):
    (w * w).sum().backward()
    w.data.sub_(w.grad.data * 0.1)
    w.grad.data.zero_()
w, w.grad

# in-place on a leaf is an error
x = torch.ones(2, requires_grad=True)
x += 1
x

# in-place on a view of a leaf is an error
x = torch.ones(2, requires_grad=True)
x[0] = 1.0
x

# in-place on a middle value
x = torch.ones(2, requires_grad=True)
y = x * 2
y.add_(1)
y[0] = 5
y *= x
y.sum().backward()
x.grad

# in-place overwrites what backward needs
x = torch.ones(2, requires_grad=True)
y = x.exp()
y.add_(1)
y.sum().backward()

# in-place overwrites an input that backward needs
x = torch.ones(2, requires_grad=True)
y = x * 1
z = y**2
y[0] = 3
z.sum().backward()

# in-place overwrites what backward does not need
x = torch.ones(2, requires_grad=True)
y = x * 1
z = y + 1
y.mul_(3)
(z + y).sum().backward()
x.grad

# in-place through a view changes the base's graph
x = torch.ones(4, requires_grad=True)
y = x * 1
v = y[:2]
v.mul_(3)
w = torch.ones(2, requires_grad=True)
y[2:] = w * 5
(y * torch.arange(1.0, 5)).sum().backward()
x.grad, w.grad, y

# in-place on the base changes the view
x = torch.ones(4, requires_grad=True)
y = x * 1
v = y[:2]
y.mul_(3)
(v * torch.tensor([1.0, 2.0])).sum().backward()
x.grad, v

# in-place on nested views
x = torch.ones(2, 4, requires_grad=True)
y = x * 1
y[0].view(2, 2).t()[1].zero_()
y.transpose(0, 1)[3] += 2
(y * torch.arange(8.0).view(2, 4)).sum().backward()
x.grad, y

# writing a value that needs a gradient into a plain tensor
x = torch.ones(2, requires_grad=True)
out = torch.zeros(3, 2)
out[0] = x * 2
out[1] = x * 3
out[2, 0] = x.sum()
(out * torch.arange(6.0).view(3, 2)).sum().backward()
x.grad, out.requires_grad

# filling a buffer in a loop
x = torch.arange(1.0, 4.0, requires_grad=True)
out = torch.zeros(4)
for i in range(3):
    out[i + 1] = out[i] + x[i] ** 2
out.sum().backward()
x.grad, out

# copy_ and fill_ in a graph
x = torch.ones(3, requires_grad=True)
y = torch.zeros(3)
y.copy_(x * 2)
y[:1].fill_(5)
y.sum().backward()
x.grad

# in-place relu in a chain
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = (x * 2).relu_().add_(3)
y.sum().backward()
x.grad

# in-place under no_grad on a leaf
x = torch.ones(2, requires_grad=True)
with torch.no_grad():
    x.add_(1)
    x[0] = 7
    x.copy_(x * 2)
x, x.is_leaf, x.requires_grad

# version counter
x = torch.ones(2)
a = x._version
x.add_(1)
x[0] = 1
a, x._version

# autograd.grad
x = torch.tensor(2.0, requires_grad=True)
y = x**3
torch.autograd.grad(y, x), x.grad

# autograd.grad of several
x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
torch.autograd.grad((x * w * w).sum(), [x, w])

# autograd.grad twice
x = torch.tensor(2.0, requires_grad=True)
g, = torch.autograd.grad(x**3, x, create_graph=True)
h, = torch.autograd.grad(g, x, create_graph=True)
t, = torch.autograd.grad(h, x)
g, h, t

# autograd.grad of the unused
x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
torch.autograd.grad((x * 2).sum(), [x, w])

# autograd.grad of the unused, allowed
x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
torch.autograd.grad((x * 2).sum(), [x, w], allow_unused=True)

# autograd.grad of the unused as zeros
x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
torch.autograd.grad((x * 2).sum(), [x, w], allow_unused=True, materialize_grads=True)

# autograd.grad with grad_outputs
x = torch.ones(2, requires_grad=True)
torch.autograd.grad([x * 2, x * 3], x, grad_outputs=[torch.ones(2), torch.tensor([1.0, 2.0])])

# autograd.grad of a middle value
x = torch.ones(2, requires_grad=True)
y = x * 2
torch.autograd.grad((y * y).sum(), y)[0], x.grad

# autograd.grad needs a scalar
x = torch.ones(2, requires_grad=True)
torch.autograd.grad(x * 2, x)

# autograd.grad of a constant
torch.autograd.grad(torch.ones(1), torch.ones(1))

# gradient penalty
w = torch.tensor([[1.0, 2.0], [3.0, -1.0]], requires_grad=True)
x = torch.tensor([[0.5, 1.5]], requires_grad=True)
score = torch.tanh(x @ w).sum()
g = torch.autograd.grad(outputs=score, inputs=x, grad_outputs=torch.ones_like(score), create_graph=True, retain_graph=True, only_inputs=True)[0]
penalty = ((g.view(g.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()
penalty.backward()
penalty, w.grad, x.grad

# backward with create_graph
x = torch.tensor(2.0, requires_grad=True)
(x**3).backward(create_graph=True)
g = x.grad
x.grad = None
g.backward()
g, x.grad

# backward with inputs
x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
(x * w).sum().backward(inputs=[x])
x.grad, w.grad

# autograd.backward
x = torch.ones(2, requires_grad=True)
torch.autograd.backward([(x * 2).sum(), (x * 3).sum()])
torch.autograd.backward(x * 2, torch.ones(2))
x.grad

# hooks on a leaf
seen = []
x = torch.ones(2, requires_grad=True)
handle = x.register_hook(lambda g: seen.append(g.clone()))
(x * 2).sum().backward()
handle.remove()
(x * 2).sum().backward()
seen, x.grad

# hooks change the gradient
x = torch.ones(2, requires_grad=True)
y = x * 2
y.register_hook(lambda g: g * 10)
x.register_hook(lambda g: g + 1)
y.sum().backward()
x.grad

# hook of what needs none
torch.ones(2).register_hook(lambda g: g)

# hook clamps
x = torch.tensor([1.0, 100.0], requires_grad=True)
x.register_hook(lambda g: torch.clamp(g, -5, 5))
(x**2).sum().backward()
x.grad

# post accumulate hook
x = torch.ones(2, requires_grad=True)
seen = []
x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
(x * 2).sum().backward()
seen

# custom function
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * 2 * x
x = torch.tensor([1.0, 3.0], requires_grad=True)
y = Square.apply(x)
y.sum().backward()
y, x.grad, y.requires_grad

# custom function with constants
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, factor, flag=True):
        ctx.factor = factor
        ctx.save_for_backward(x, w)
        return x * w * factor
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        gx = gw = None
        if ctx.needs_input_grad[0]:
            gx = g * w * ctx.factor
        if ctx.needs_input_grad[1]:
            gw = g * x * ctx.factor
        return gx, gw, None, None
x = torch.tensor([1.0, 3.0], requires_grad=True)
w = torch.tensor([2.0, 4.0])
Scale.apply(x, w, 5.0).sum().backward()
x.grad, w.grad

# custom function, straight through
class Binarize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.sign()
    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input.abs() > 1] = 0
        return grad_input
x = torch.tensor([0.5, -2.0], requires_grad=True)
Binarize.apply(x).sum().backward()
x.grad

# custom function with two results
class Two(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2, x * 3
    @staticmethod
    def backward(ctx, a, b):
        return a * 2 + b * 3
x = torch.ones(2, requires_grad=True)
a, b = Two.apply(x)
(a + b * 10).sum().backward()
x.grad

# custom function, gradient reversal
class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)
    @staticmethod
    def backward(ctx, g):
        return g.neg() * ctx.alpha, None
x = torch.ones(2, requires_grad=True)
Reverse.apply(x * 2, 0.5).sum().backward()
x.grad

# custom function twice differentiable
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return g * 3 * x**2
x = torch.tensor(2.0, requires_grad=True)
g, = torch.autograd.grad(Cube.apply(x), x, create_graph=True)
g.backward()
g, x.grad

# custom function under no_grad
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
with torch.no_grad():
    y = Twice.apply(torch.ones(2, requires_grad=True))
y.requires_grad, Twice.apply(torch.ones(2)).requires_grad

# custom function with a wrong number of gradients
class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x * y
    @staticmethod
    def backward(ctx, g):
        return g, g, g
Bad.apply(torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)).sum().backward()

# custom function, mark_non_differentiable
class Sort(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        values, idx = x.sort()
        ctx.mark_non_differentiable(idx)
        ctx.save_for_backward(idx)
        return values, idx
    @staticmethod
    def backward(ctx, g, _):
        idx, = ctx.saved_tensors
        return torch.zeros_like(g).index_add(0, idx, g)
x = torch.tensor([3.0, 1.0], requires_grad=True)
v, i = Sort.apply(x)
(v * torch.tensor([1.0, 10.0])).sum().backward()
x.grad, i.requires_grad

# functional.jacobian
torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))

# functional.jacobian of two
torch.autograd.functional.jacobian(lambda x, y: x * y.sum(), (torch.tensor([1.0, 2.0]), torch.tensor([3.0])))

# functional.jacobian of a matrix
torch.autograd.functional.jacobian(lambda x: x.sum(0) * 2, torch.ones(2, 3))

# functional.hessian
torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))

# functional.hessian of two
torch.autograd.functional.hessian(lambda x, y: (x * y**2).sum(), (torch.tensor([1.0]), torch.tensor([2.0])))

# functional.vjp
torch.autograd.functional.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))

# functional.jvp
torch.autograd.functional.jvp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))

# functional.hvp
torch.autograd.functional.hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]))

# gradcheck
x = torch.rand(3, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(torch.sin, (x,)), torch.autograd.gradcheck(lambda x: x * x, [x], eps=1e-6, atol=1e-4), torch.autograd.gradgradcheck(torch.exp, (x,))

# gradcheck finds a wrong gradient
class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 3
x = torch.ones(3, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False)

# gradcheck raises
class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 3
x = torch.ones(3, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(Wrong.apply, (x,))

# detect_anomaly
x = torch.zeros(1, requires_grad=True)
with torch.autograd.detect_anomaly():
    y = torch.sqrt(x * 1) * 0
    y.sum().backward()
x.grad

# checkpoint
from_checkpoint = torch.utils.checkpoint.checkpoint
w = torch.ones(3, requires_grad=True)
y = from_checkpoint(lambda x: (x * w).tanh(), torch.arange(3.0), use_reentrant=False)
y.sum().backward()
y, w.grad

# checkpoint of a module
net = nn.Linear(2, 2)
nn.init.constant_(net.weight, 0.5)
nn.init.zeros_(net.bias)
x = torch.ones(1, 2, requires_grad=True)
torch.utils.checkpoint.checkpoint(net, x, use_reentrant=True).sum().backward()
x.grad, net.weight.grad

# diamond
x = torch.tensor(2.0, requires_grad=True)
a = x * 3
b, c = a + x, a * x
(b * c).backward()
x.grad

# the same value many times
x = torch.tensor(1.0, requires_grad=True)
y = x
for _ in range(10):
    y = y + y * 0.5
y.backward()
x.grad

# broadcasting gradients
x, b = torch.ones(3, 4, requires_grad=True), torch.ones(4, requires_grad=True)
s = torch.tensor(2.0, requires_grad=True)
((x + b) * s).sum().backward()
x.grad, b.grad, s.grad

# dtype of gradients
x = torch.ones(2, requires_grad=True)
y = x.double() * torch.ones(2, dtype=torch.float64)
y.sum().backward()
x.grad

# half gradients
x = torch.ones(2, dtype=torch.float16, requires_grad=True)
(x * 2).sum().backward()
x.grad

# grad of a cast to int
x = torch.ones(2, requires_grad=True)
x.long().requires_grad, (x > 0).requires_grad, x.argmax().requires_grad

# gradient of selected values
x = torch.arange(6.0, requires_grad=True)
(x[[1, 1, 3]] * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
x.grad

# grad can be set
x = torch.ones(2, requires_grad=True)
x.grad = torch.tensor([5.0, 6.0])
x.grad.mul_(2)
(x * 1).sum().backward()
x.grad

# grad of a wrong shape cannot be set
x = torch.ones(2, requires_grad=True)
x.grad = torch.ones(3)
x.grad

# zero grad by None
x = torch.ones(2, requires_grad=True)
x.sum().backward()
x.grad = None
x.grad

# a deep chain
x = torch.ones(1, requires_grad=True)
y = x
for _ in range(3000):
    y = y + 0.001
y.backward()
x.grad

# max ties and clamps
x = torch.tensor([1.0, 1.0, 0.0], requires_grad=True)
torch.autograd.grad(x.max(), x), torch.autograd.grad(x.amax(), x), torch.autograd.grad(x.clamp(0, 1).sum(), x), torch.autograd.grad(x.relu().sum(), x), torch.autograd.grad(x.abs().sum(), x)

# norm at zero
x = torch.zeros(3, requires_grad=True)
torch.autograd.grad(x.norm(), x), torch.autograd.grad(torch.linalg.vector_norm(x), x)

# where hides no nan
x = torch.tensor([0.0, 1.0], requires_grad=True)
torch.autograd.grad(torch.where(x > 0, x.log(), torch.zeros_like(x)).sum(), x)

# deepcopy of a middle value
x = torch.ones(2, requires_grad=True)
copy.deepcopy(x * 2)

# a graph-carrying list
x = torch.ones(3, requires_grad=True)
parts = [x[i] * i for i in range(3)]
torch.stack(parts).sum().backward()
x.grad

# unused branch keeps no gradient
net = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
net[0](torch.ones(1, 1)).sum().backward()
[p.grad is None for p in net.parameters()]

# second-order through cross entropy
w = torch.tensor([[0.1, 0.2], [0.3, -0.4]], requires_grad=True)
loss = F.cross_entropy(torch.tensor([[1.0, 2.0]]) @ w, torch.tensor([1]))
g, = torch.autograd.grad(loss, w, create_graph=True)
torch.autograd.grad((g**2).sum(), w)

# hessian vector product
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
f = (x.prod() + x.sin().sum())
g, = torch.autograd.grad(f, x, create_graph=True)
torch.autograd.grad(g @ torch.tensor([1.0, 0.0, 2.0]), x)

# grad_fn of results
x = torch.ones(2, requires_grad=True)
type((x * 2).grad_fn).__name__, type(x.sum().grad_fn).__name__, (x * 2).grad_fn.next_functions is not None

# saving memory with del
x = torch.ones(2, requires_grad=True)
y = x * 2
z = y.exp()
del y
z.sum().backward()
x.grad
""")
