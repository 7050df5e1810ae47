"""DDPG and soft actor-critic updates on a fixed replay buffer: target nets, squashed Gaussians, twin critics, entropy."""
import copy
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
LOG_SIG_MAX, LOG_SIG_MIN, epsilon = 2, -20, 1e-6
rng = np.random.RandomState(12)


class ReplayBuffer(object):
    def __init__(self, state_dim, action_dim, max_size=64):
        self.max_size, self.ptr, self.size = max_size, 0, 0
        self.state = np.zeros((max_size, state_dim))
        self.action = np.zeros((max_size, action_dim))
        self.next_state = np.zeros((max_size, state_dim))
        self.reward = np.zeros((max_size, 1))
        self.not_done = np.zeros((max_size, 1))

    def add(self, state, action, next_state, reward, done):
        self.state[self.ptr], self.action[self.ptr], self.next_state[self.ptr] = state, action, next_state
        self.reward[self.ptr], self.not_done[self.ptr] = reward, 1. - done
        self.ptr = (self.ptr + 1) % self.max_size
        self.size = min(self.size + 1, self.max_size)

    def sample(self, batch_size):
        ind = rng.randint(0, self.size, size=batch_size)
        return (
            torch.FloatTensor(self.state[ind]).to(device),
            torch.FloatTensor(self.action[ind]).to(device),
            torch.FloatTensor(self.next_state[ind]).to(device),
            torch.FloatTensor(self.reward[ind]).to(device),
            torch.FloatTensor(self.not_done[ind]).to(device)
        )


class Actor(nn.Module):
    def __init__(self, state_dim, action_dim, max_action):
        super(Actor, self).__init__()
        self.l1 = nn.Linear(state_dim, 16)
        self.l2 = nn.Linear(16, 16)
        self.l3 = nn.Linear(16, action_dim)
        self.max_action = max_action

    def forward(self, state):
        a = F.relu(self.l1(state))
        a = F.relu(self.l2(a))
        return self.max_action * torch.tanh(self.l3(a))


class Critic(nn.Module):
    def __init__(self, state_dim, action_dim):
        super(Critic, self).__init__()
        self.l1 = nn.Linear(state_dim + action_dim, 16)
        self.l2 = nn.Linear(16, 1)
        self.l4 = nn.Linear(state_dim + action_dim, 16)
        self.l5 = nn.Linear(16, 1)

    def forward(self, state, action):
        sa = torch.cat([state, action], 1)
        return self.l2(F.relu(self.l1(sa))), self.l5(F.relu(self.l4(sa)))

    def Q1(self, state, action):
        return self.l2(F.relu(self.l1(torch.cat([state, action], 1))))


class GaussianPolicy(nn.Module):
    def __init__(self, num_inputs, num_actions):
        super(GaussianPolicy, self).__init__()
        self.linear1 = nn.Linear(num_inputs, 16)
        self.mean_linear = nn.Linear(16, num_actions)
        self.log_std_linear = nn.Linear(16, num_actions)
        self.action_scale = torch.tensor(2.)
        self.action_bias = torch.tensor(0.)

    def forward(self, state):
        x = F.relu(self.linear1(state))
        mean = self.mean_linear(x)
        log_std = torch.clamp(self.log_std_linear(x), min=LOG_SIG_MIN, max=LOG_SIG_MAX)
        return mean, log_std

    def sample(self, state):
        mean, log_std = self.forward(state)
        std = log_std.exp()
        normal = Normal(mean, std)
        x_t = normal.rsample()
        x_t = x_t * 0 + mean + std * torch.from_numpy(rng.randn(*mean.shape)).float()
        y_t = torch.tanh(x_t)
        action = y_t * self.action_scale + self.action_bias
        log_prob = normal.log_prob(x_t)
        log_prob -= torch.log(self.action_scale * (1 - y_t.pow(2)) + epsilon)
        log_prob = log_prob.sum(1, keepdim=True)
        return action, log_prob, torch.tanh(mean) * self.action_scale + self.action_bias


def weights_init_(m):
    if isinstance(m, nn.Linear):
        torch.nn.init.xavier_uniform_(m.weight, gain=1)
        torch.nn.init.constant_(m.bias, 0)
        m.weight.data = torch.Tensor(rng.uniform(-0.4, 0.4, tuple(m.weight.shape)))


def soft_update(target, source, tau):
    for target_param, param in zip(target.parameters(), source.parameters()):
        target_param.data.copy_(target_param.data * (1.0 - tau) + param.data * tau)


def hard_update(target, source):
    for target_param, param in zip(target.parameters(), source.parameters()):
        target_param.data.copy_(param.data)


memory = ReplayBuffer(3, 2)
for _ in range(40):
    s = rng.randn(3)
    a = rng.uniform(-1, 1, 2)
    memory.add(s, a, s * 0.9 + a.sum() * 0.1, -np.abs(s).sum(), float(rng.rand() < 0.1))

# TD3
actor = Actor(3, 2, 2.0).to(device).apply(weights_init_)
actor_target = copy.deepcopy(actor)
critic = Critic(3, 2).to(device)
critic.apply(weights_init_)
critic_target = copy.deepcopy(critic)
actor_optimizer = torch.optim.Adam(actor.parameters(), lr=3e-3)
critic_optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3)
for it in range(8):
    state, action, next_state, reward, not_done = memory.sample(16)
    with torch.no_grad():
        noise = (torch.randn_like(action) * 0.2).clamp(-0.5, 0.5)
        noise = noise * 0 + torch.as_tensor(rng.randn(*action.shape)).to(noise) * 0.2
        next_action = (actor_target(next_state) + noise).clamp(-2.0, 2.0)
        target_Q1, target_Q2 = critic_target(next_state, next_action)
        target_Q = torch.min(target_Q1, target_Q2)
        target_Q = reward + not_done * 0.99 * target_Q
    current_Q1, current_Q2 = critic(state, action)
    critic_loss = F.mse_loss(current_Q1, target_Q) + F.mse_loss(current_Q2, target_Q)
    critic_optimizer.zero_grad()
    critic_loss.backward()
    critic_optimizer.step()
    if it % 2 == 0:
        actor_loss = -critic.Q1(state, actor(state)).mean()
        actor_optimizer.zero_grad()
        actor_loss.backward()
        actor_optimizer.step()
        soft_update(critic_target, critic, 0.05)
        soft_update(actor_target, actor, 0.05)
        print("td3 %d %.4f %.4f" % (it, critic_loss.item(), actor_loss.item()))
print(actor(torch.FloatTensor(memory.state[0].reshape(1, -1))).cpu().data.numpy().flatten().round(3).tolist())

# SAC with a learned temperature
policy, critic = GaussianPolicy(3, 2), Critic(3, 2)
policy.apply(weights_init_), critic.apply(weights_init_)
critic_target = Critic(3, 2)
hard_update(critic_target, critic)
target_entropy = -torch.prod(torch.Tensor((2,)).to(device)).item()
log_alpha = torch.zeros(1, requires_grad=True, device=device)
alpha_optim = torch.optim.Adam([log_alpha], lr=1e-2)
critic_optim = torch.optim.Adam(critic.parameters(), lr=3e-3)
policy_optim = torch.optim.Adam(policy.parameters(), lr=3e-3)
alpha = log_alpha.exp()
for updates in range(6):
    state_batch, action_batch, next_state_batch, reward_batch, mask_batch = memory.sample(batch_size=12)
    with torch.no_grad():
        next_action, next_log_pi, _ = policy.sample(next_state_batch)
        qf1_next, qf2_next = critic_target(next_state_batch, next_action)
        min_qf_next_target = torch.min(qf1_next, qf2_next) - alpha * next_log_pi
        next_q_value = reward_batch + mask_batch * 0.99 * (min_qf_next_target)
    qf1, qf2 = critic(state_batch, action_batch)
    qf_loss = F.mse_loss(qf1, next_q_value) + F.mse_loss(qf2, next_q_value)
    critic_optim.zero_grad()
    qf_loss.backward()
    critic_optim.step()
    pi, log_pi, _ = policy.sample(state_batch)
    qf1_pi, qf2_pi = critic(state_batch, pi)
    policy_loss = ((alpha * log_pi) - torch.min(qf1_pi, qf2_pi)).mean()
    policy_optim.zero_grad()
    policy_loss.backward()
    policy_optim.step()
    alpha_loss = -(log_alpha * (log_pi + target_entropy).detach()).mean()
    alpha_optim.zero_grad()
    alpha_loss.backward()
    alpha_optim.step()
    alpha = log_alpha.exp().detach()
    soft_update(critic_target, critic, 0.05)
    print("sac %d %.4f %.4f %.4f %.4f" % (updates, qf_loss.item(), policy_loss.item(), alpha_loss.item(), alpha.item()))
