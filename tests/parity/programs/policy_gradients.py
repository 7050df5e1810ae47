"""REINFORCE and an actor-critic on a hand-written chain world, after the examples everybody starts from."""
import argparse
import numpy as np
from collections import deque, namedtuple
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical

parser = argparse.ArgumentParser(description='policy gradients')
parser.add_argument('--gamma', type=float, default=0.95, metavar='G')
parser.add_argument('--seed', type=int, default=543, metavar='N')
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.RandomState(args.seed)
eps = np.finfo(np.float32).eps.item()
SavedAction = namedtuple('SavedAction', ['log_prob', 'value'])


class Chain:
    """Walk on a line of 7; the right end pays."""

    def reset(self):
        self.at, self.t = 3, 0
        return np.eye(7)[self.at]

    def step(self, action):
        self.at = min(6, max(0, self.at + (1 if action == 1 else -1)))
        self.t += 1
        reward = 1.0 if self.at == 6 else -0.1
        return np.eye(7)[self.at], reward, self.at == 6 or self.t >= 12, {}


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(7, 16)
        self.dropout = nn.Dropout(p=0.0)
        self.affine2 = nn.Linear(16, 2)
        self.value_head = nn.Linear(16, 1)
        self.saved_log_probs = []
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = self.affine1(x)
        x = self.dropout(x)
        x = F.relu(x)
        action_scores = self.affine2(x)
        return F.softmax(action_scores, dim=-1), self.value_head(x)


def fresh():
    policy = Policy()
    g = np.random.RandomState(1)
    for param in policy.parameters():
        param.data = torch.from_numpy(g.uniform(-0.3, 0.3, size=param.data.shape)).float()
    return policy


def draw(m):
    """An action by numpy's generator, so that both libraries take the same one."""
    assert m.sample().shape == m.batch_shape
    u = rng.random_sample()
    return (m.probs.cumsum(-1) < u).sum(-1)


env = Chain()
policy = fresh()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
for i_episode in range(8):
    state, ep_reward, done = env.reset(), 0, False
    while not done:
        state = torch.from_numpy(state).float().unsqueeze(0)
        probs, _ = policy(state)
        m = Categorical(probs)
        action = draw(m)
        policy.saved_log_probs.append(m.log_prob(action))
        state, reward, done, _ = env.step(action.item())
        policy.rewards.append(reward)
        ep_reward += reward
    R = 0
    policy_loss = []
    returns = deque()
    for r in policy.rewards[::-1]:
        R = r + args.gamma * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    for log_prob, R in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * R)
    optimizer.zero_grad()
    policy_loss = torch.cat(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]
    print('Episode {}\tReward: {:.2f}\tLoss: {:.4f}'.format(i_episode, ep_reward, policy_loss))

model = fresh()
optimizer = optim.Adam(model.parameters(), lr=3e-2)
for i_episode in range(6):
    state, done = env.reset(), False
    while not done:
        state = torch.from_numpy(state).float()
        probs, state_value = model(state)
        m = Categorical(probs)
        action = draw(m)
        model.saved_actions.append(SavedAction(m.log_prob(action), state_value))
        state, reward, done, _ = env.step(action.item())
        model.rewards.append(reward)
    R = 0
    policy_losses, value_losses, returns = [], [], []
    for r in model.rewards[::-1]:
        R = r + args.gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + eps)
    for (log_prob, value), R in zip(model.saved_actions, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    loss.backward()
    optimizer.step()
    del model.rewards[:]
    del model.saved_actions[:]
    print('Episode {}\tsteps {}\tLoss: {:.4f}'.format(i_episode, len(returns), loss.item()))
print([round(p, 4) for p in model(torch.eye(7))[0][:, 1].tolist()])
