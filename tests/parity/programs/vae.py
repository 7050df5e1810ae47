"""Variational autoencoder, plain and conditional on a label, with the two-term loss of the original paper."""
import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F
from torch.distributions import Normal, Independent, kl_divergence
import numpy as np

torch.manual_seed(1)
rng = np.random.RandomState(7)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
kwargs = {'num_workers': 1, 'pin_memory': True} if torch.cuda.is_available() else {}
pixels = torch.FloatTensor(rng.rand(24, 1, 6, 6))
train_loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(pixels, torch.LongTensor(rng.randint(0, 3, 24))), batch_size=8, **kwargs)


class VAE(nn.Module):
    def __init__(self, classes=0):
        super(VAE, self).__init__()
        self.classes = classes
        self.fc1 = nn.Linear(36 + classes, 20)
        self.fc21 = nn.Linear(20, 4)
        self.fc22 = nn.Linear(20, 4)
        self.fc3 = nn.Linear(4 + classes, 20)
        self.fc4 = nn.Linear(20, 36)

    def encode(self, x, c):
        if self.classes:
            x = torch.cat([x, c], 1)
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        assert eps.shape == std.shape and eps.dtype == std.dtype
        eps = torch.from_numpy(rng.randn(*std.size())).to(std)
        return mu + eps * std

    def decode(self, z, c):
        if self.classes:
            z = torch.cat((z, c), dim=-1)
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x, y):
        c = F.one_hot(y, max(self.classes, 3)).float()
        mu, logvar = self.encode(x.view(-1, 36), c)
        z = self.reparameterize(mu, logvar)
        return self.decode(z, c), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 36), reduction='sum')
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


for classes in (0, 3):
    model = VAE(classes).to(device)
    for k, p in enumerate(model.parameters()):
        p.data.normal_(0, 0.1)
        p.data = torch.tensor(rng.normal(0, 0.1, size=list(p.shape)), dtype=torch.float32)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    for epoch in range(1, 4):
        model.train()
        train_loss = 0
        for batch_idx, (data, y) in enumerate(train_loader):
            data = data.to(device)
            optimizer.zero_grad()
            recon_batch, mu, logvar = model(data, y)
            loss = loss_function(recon_batch, data, mu, logvar)
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
        print('====> Epoch: {} Average loss: {:.4f}'.format(epoch, train_loss / len(train_loader.dataset)))
    with torch.no_grad():
        sample = torch.from_numpy(rng.randn(3, 4)).float().to(device)
        sample = model.decode(sample, torch.eye(3)).cpu()
        print(sample.view(3, 1, 6, 6).mean(dim=(1, 2, 3)))
        posterior = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
        prior = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
        print(f"{kl_divergence(posterior, prior).mean():.4f}", posterior.rsample().shape)
