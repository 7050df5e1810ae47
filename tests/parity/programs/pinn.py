"""Physics-informed net for Burgers' equation: second derivatives of the net in its inputs, Adam then LBFGS, in float64."""
import torch
import torch.nn as nn
import torch.autograd as autograd
from torch.autograd import grad
from collections import OrderedDict
import numpy as np

torch.set_default_dtype(torch.float64)
torch.manual_seed(1234)
np.random.seed(1234)
device = torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')


class DNN(torch.nn.Module):
    def __init__(self, layers):
        super(DNN, self).__init__()
        self.depth = len(layers) - 1
        self.activation = torch.nn.Tanh
        layer_list = list()
        for i in range(self.depth - 1):
            layer_list.append(('layer_%d' % i, torch.nn.Linear(layers[i], layers[i + 1])))
            layer_list.append(('activation_%d' % i, self.activation()))
        layer_list.append(('layer_%d' % (self.depth - 1), torch.nn.Linear(layers[-2], layers[-1])))
        layerDict = OrderedDict(layer_list)
        self.layers = torch.nn.Sequential(layerDict)

    def forward(self, x):
        out = self.layers(x)
        return out


class PhysicsInformedNN():
    def __init__(self, X_u, u, X_f, layers, lb, ub, nu):
        self.lb = torch.tensor(lb).double().to(device)
        self.ub = torch.tensor(ub).double().to(device)
        self.x_u = torch.tensor(X_u[:, 0:1], requires_grad=True).double().to(device)
        self.t_u = torch.tensor(X_u[:, 1:2], requires_grad=True).double().to(device)
        self.x_f = torch.tensor(X_f[:, 0:1], requires_grad=True).double().to(device)
        self.t_f = torch.tensor(X_f[:, 1:2], requires_grad=True).double().to(device)
        self.u = torch.tensor(u).to(device)
        self.nu = nu
        self.lambda_1 = torch.nn.Parameter(torch.tensor([0.5], requires_grad=True).to(device))
        self.dnn = DNN(layers).to(device)
        for i, p in enumerate(self.dnn.parameters()):
            p.data = torch.from_numpy(np.random.RandomState(i).uniform(-0.6, 0.6, p.shape))
        self.dnn.register_parameter('lambda_1', self.lambda_1)
        self.optimizer = torch.optim.LBFGS(
            self.dnn.parameters(), lr=1.0, max_iter=8, max_eval=20, history_size=50,
            tolerance_grad=1e-9, tolerance_change=1.0 * np.finfo(float).eps, line_search_fn="strong_wolfe")
        self.adam = torch.optim.Adam(self.dnn.parameters(), lr=5e-3)
        self.iter = 0

    def net_u(self, x, t):
        X = torch.cat([x, t], dim=1)
        X = 2.0 * (X - self.lb) / (self.ub - self.lb) - 1.0
        return self.dnn(X)

    def net_f(self, x, t):
        u = self.net_u(x, t)
        u_t = torch.autograd.grad(u, t, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        u_x = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=True)[0]
        u_xx = torch.autograd.grad(u_x, x, grad_outputs=torch.ones_like(u_x), retain_graph=True, create_graph=True)[0]
        return u_t + self.lambda_1 * u * u_x - self.nu * u_xx

    def loss_func(self):
        self.optimizer.zero_grad()
        u_pred = self.net_u(self.x_u, self.t_u)
        f_pred = self.net_f(self.x_f, self.t_f)
        loss_u = torch.mean((self.u - u_pred) ** 2)
        loss_f = torch.mean(f_pred ** 2)
        loss = loss_u + loss_f
        loss.backward()
        self.iter += 1
        if self.iter % 5 == 0:
            print('Iter %d, Loss: %.5e, Loss_u: %.5e, Loss_f: %.5e' % (self.iter, loss.item(), loss_u.item(), loss_f.item()))
        return loss

    def train(self):
        self.dnn.train()
        for _ in range(10):
            self.loss_func()
            self.adam.step()
        self.optimizer.step(self.loss_func)

    def predict(self, X):
        x = torch.tensor(X[:, 0:1], requires_grad=True).to(device)
        t = torch.tensor(X[:, 1:2], requires_grad=True).to(device)
        self.dnn.eval()
        u = self.net_u(x, t)
        f = self.net_f(x, t)
        return u.detach().cpu().numpy(), f.detach().cpu().numpy()


lb, ub = np.array([-1.0, 0.0]), np.array([1.0, 1.0])
X_u = np.random.RandomState(5).uniform(lb, ub, (12, 2))
u = -np.sin(np.pi * X_u[:, 0:1]) * np.exp(-X_u[:, 1:2])
X_f = np.random.RandomState(6).uniform(lb, ub, (15, 2))
model = PhysicsInformedNN(X_u, u, X_f, [2, 10, 10, 1], lb, ub, 0.01 / np.pi)
model.train()
u_pred, f_pred = model.predict(X_f)
print(u_pred.dtype, round(float(np.abs(u_pred).mean()), 4), round(model.lambda_1.item(), 4))

# a Hamiltonian net: the vector field is the rotated gradient of a scalar
H = nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1, bias=False))
for i, p in enumerate(H.parameters()):
    p.data.copy_(torch.cos(torch.arange(p.numel()) + i).view_as(p))
M = torch.eye(2)[[1, 0]] * torch.tensor([[1.0], [-1.0]])
opt = torch.optim.RAdam(H.parameters(), lr=0.02)
q = torch.linspace(-1, 1, 6)
state = torch.stack([q, q.flip(0) * 0.5], dim=1).requires_grad_()
target = torch.stack([state[:, 1], -state[:, 0]], 1).detach()
for step in range(8):
    dH, = autograd.grad(H(state).sum(), state, create_graph=True)
    loss = (dH @ M.t() - target).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
print("%.5f" % loss.item())
jac = torch.autograd.functional.jacobian(lambda s: H(s).sum(0), state[:2].detach())
hess = torch.autograd.functional.hessian(lambda s: H(s).sum(), state[0].detach())
laplacian = sum(grad(grad(H(state)[:, 0].sum(), state, create_graph=True)[0][:, i].sum(), state, retain_graph=True)[0][:, i] for i in range(2))
print(tuple(jac.shape), hess.diagonal().sum().item(), laplacian.mean().item())
