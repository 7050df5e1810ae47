"""Siamese nets: contrastive and triplet losses, hard mining with masks, and a SimCLR batch."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import numpy as np


class ContrastiveLoss(torch.nn.Module):
    def __init__(self, margin=2.0):
        super(ContrastiveLoss, self).__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        euclidean_distance = F.pairwise_distance(output1, output2, keepdim=True)
        loss_contrastive = torch.mean((1 - label) * torch.pow(euclidean_distance, 2) +
                                      (label) * torch.pow(torch.clamp(self.margin - euclidean_distance, min=0.0), 2))
        return loss_contrastive


class SiameseNetwork(nn.Module):
    def __init__(self):
        super(SiameseNetwork, self).__init__()
        self.cnn1 = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(1, 3, kernel_size=3),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(3),
            nn.ReflectionPad2d(1),
            nn.Conv2d(3, 4, kernel_size=3),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(4),
        )
        self.fc1 = nn.Sequential(
            nn.Linear(4 * 6 * 6, 16),
            nn.PReLU(),
            nn.Linear(16, 5))

    def forward_once(self, x):
        output = self.cnn1(x)
        output = output.view(output.size()[0], -1)
        output = self.fc1(output)
        return output

    def forward(self, *inputs):
        return tuple(self.forward_once(x) for x in inputs)


def _pairwise_distances(embeddings, squared=False):
    dot_product = torch.matmul(embeddings, embeddings.t())
    square_norm = torch.diag(dot_product)
    distances = square_norm.unsqueeze(0) - 2.0 * dot_product + square_norm.unsqueeze(1)
    distances[distances < 0] = 0
    if not squared:
        mask = distances.eq(0).float()
        distances = distances + mask * 1e-16
        distances = (1.0 - mask) * torch.sqrt(distances)
    return distances


def batch_hard_triplet_loss(labels, embeddings, margin):
    pairwise_dist = _pairwise_distances(embeddings)
    indices_equal = torch.eye(labels.size(0)).bool()
    mask_positive = (labels.unsqueeze(0) == labels.unsqueeze(1)) & ~indices_equal
    anchor_positive_dist = mask_positive.float() * pairwise_dist
    hardest_positive_dist, _ = anchor_positive_dist.max(1, keepdim=True)
    mask_negative = ~(labels.unsqueeze(0) == labels.unsqueeze(1))
    max_anchor_negative_dist, _ = pairwise_dist.max(1, keepdim=True)
    anchor_negative_dist = pairwise_dist + max_anchor_negative_dist * (1.0 - mask_negative.float())
    hardest_negative_dist, _ = anchor_negative_dist.min(1, keepdim=True)
    tl = hardest_positive_dist - hardest_negative_dist + margin
    tl[tl < 0] = 0
    return tl.mean()


def info_nce_loss(features, n_views=2, temperature=0.5):
    batch = features.shape[0] // n_views
    labels = torch.cat([torch.arange(batch) for i in range(n_views)], dim=0)
    labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
    features = F.normalize(features, dim=1)
    similarity_matrix = torch.matmul(features, features.T)
    mask = torch.eye(labels.shape[0], dtype=torch.bool)
    labels = labels[~mask].view(labels.shape[0], -1)
    similarity_matrix = similarity_matrix[~mask].view(similarity_matrix.shape[0], -1)
    positives = similarity_matrix[labels.bool()].view(labels.shape[0], -1)
    negatives = similarity_matrix[~labels.bool()].view(similarity_matrix.shape[0], -1)
    logits = torch.cat([positives, negatives], dim=1)
    labels = torch.zeros(logits.shape[0], dtype=torch.long)
    return logits / temperature, labels


def byol_loss(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=-1).mean()


rng = np.random.RandomState(9)
x = torch.tensor(rng.randn(8, 1, 6, 6), dtype=torch.float32)
y = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
flag = (y != y.roll(1)).float().view(-1, 1)
for task in ("contrastive", "triplet", "hard", "simclr", "byol"):
    net = SiameseNetwork()
    for i, (name, p) in enumerate(net.named_parameters()):
        if p.dim() > 1:
            p.data = torch.from_numpy(np.random.RandomState(i).uniform(-0.3, 0.3, p.shape).astype(np.float32))
        elif "bias" in name:
            torch.nn.init.constant_(p, 0.1)
    optimizer = torch.optim.Adagrad(net.parameters(), lr=0.02)
    losses = []
    for step in range(5):
        if task == "contrastive":
            a, b = net(x, x.roll(1, 0))
            loss = ContrastiveLoss()(a, b, flag)
        elif task == "triplet":
            a, b, c = net(x[0::2], x[1::2], x.flip(0)[0::2])
            loss = nn.TripletMarginLoss(margin=1.0, p=2)(a, b, c) + F.triplet_margin_loss(a, b, c, margin=0.5, swap=True)
        elif task == "hard":
            e, = net(x)
            loss = batch_hard_triplet_loss(y, e, 0.5)
            d = torch.cdist(e, e)
            loss = loss + F.relu(1.0 - d[y[:, None] != y[None, :]].min())
        elif task == "simclr":
            logits, labels = info_nce_loss(torch.cat(net(x, x + 0.1), dim=0))
            loss = F.cross_entropy(logits, labels)
        else:
            a, b = net(x, x * 0.9)
            loss = byol_loss(a, b) + byol_loss(b, a)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 4))
    print(task, *losses)
