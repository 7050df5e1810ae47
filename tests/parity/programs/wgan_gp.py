"""Wasserstein GAN with gradient penalty: the gradient of a gradient's norm, and frozen critics."""
import torch
import torch.autograd as autograd
import torch.nn as nn
import numpy as np
from torch.autograd import Variable

cuda = True if torch.cuda.is_available() else False
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor
rng = np.random.RandomState(3)
latent_dim, img_shape, lambda_gp, n_critic = 5, (1, 4, 4), 10, 2


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()

        def block(in_feat, out_feat, normalize=True):
            layers = [nn.Linear(in_feat, out_feat)]
            if normalize:
                layers.append(nn.BatchNorm1d(out_feat, 0.8))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(
            *block(latent_dim, 8, normalize=False),
            *block(8, 16),
            nn.Linear(16, int(np.prod(img_shape))),
            nn.Tanh()
        )

    def forward(self, z):
        img = self.model(z)
        img = img.view(img.shape[0], *img_shape)
        return img


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.LayerNorm((3, 4, 4))
        self.model = nn.Sequential(
            nn.Linear(48, 12),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(12, 8),
            nn.ELU(),
            nn.Linear(8, 1),
        )

    def forward(self, img):
        h = torch.tanh(self.norm(self.conv(img)))
        return self.model(h.view(h.shape[0], -1))


generator = Generator()
discriminator = Discriminator()
if cuda:
    generator.cuda()
    discriminator.cuda()
for net in [generator, discriminator]:
    for p in net.parameters():
        if p.dim() > 1:
            p.data.copy_(torch.as_tensor(rng.uniform(-0.4, 0.4, tuple(p.shape))))
        else:
            p.data.fill_(0.1)
optimizer_G = torch.optim.Adam(generator.parameters(), lr=0.01, betas=(0.5, 0.999))
optimizer_D = torch.optim.RMSprop(discriminator.parameters(), lr=0.005)


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = Tensor(rng.random_sample((real_samples.size(0), 1, 1, 1)))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=fake,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    gradient_penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
    return gradient_penalty


for i in range(6):
    real_imgs = Variable(Tensor(rng.uniform(-1, 1, (6, *img_shape))))
    optimizer_D.zero_grad()
    z = Variable(Tensor(rng.normal(0, 1, (real_imgs.shape[0], latent_dim))))
    fake_imgs = generator(z)
    real_validity = discriminator(real_imgs)
    fake_validity = discriminator(fake_imgs)
    gradient_penalty = compute_gradient_penalty(discriminator, real_imgs.data, fake_imgs.data)
    d_loss = -torch.mean(real_validity) + torch.mean(fake_validity) + lambda_gp * gradient_penalty
    d_loss.backward()
    optimizer_D.step()
    optimizer_G.zero_grad()
    if i % n_critic == 0:
        for p in discriminator.parameters():
            p.requires_grad = False
        fake_imgs = generator(z)
        g_loss = -torch.mean(discriminator(fake_imgs))
        g_loss.backward()
        optimizer_G.step()
        for p in discriminator.parameters():
            p.requires_grad_(True)
    print("[D loss: %.4f] [G loss: %.4f] [penalty: %.4f]" % (d_loss.item(), g_loss.item(), gradient_penalty))
print("%.4f" % sum(p.abs().sum().item() for p in discriminator.parameters()))
