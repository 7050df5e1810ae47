"""Boxes and points: anchors, IoU, hard negatives, focal loss, non-maximum suppression, PointNet, a spatial transformer."""
import math
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as data

rng = np.random.default_rng(21)


def point_form(boxes):
    return torch.cat((boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2), 1)


def intersect(box_a, box_b):
    A, B = box_a.size(0), box_b.size(0)
    max_xy = torch.min(box_a[:, 2:].unsqueeze(1).expand(A, B, 2), box_b[:, 2:].unsqueeze(0).expand(A, B, 2))
    min_xy = torch.max(box_a[:, :2].unsqueeze(1).expand(A, B, 2), box_b[:, :2].unsqueeze(0).expand(A, B, 2))
    inter = torch.clamp((max_xy - min_xy), min=0)
    return inter[:, :, 0] * inter[:, :, 1]


def jaccard(box_a, box_b):
    inter = intersect(box_a, box_b)
    area_a = ((box_a[:, 2] - box_a[:, 0]) * (box_a[:, 3] - box_a[:, 1])).unsqueeze(1).expand_as(inter)
    area_b = ((box_b[:, 2] - box_b[:, 0]) * (box_b[:, 3] - box_b[:, 1])).unsqueeze(0).expand_as(inter)
    return inter / (area_a + area_b - inter)


def match(threshold, truths, priors, variances, labels, loc_t, conf_t, idx):
    overlaps = jaccard(truths, point_form(priors))
    best_prior_overlap, best_prior_idx = overlaps.max(1, keepdim=True)
    best_truth_overlap, best_truth_idx = overlaps.max(0, keepdim=True)
    best_truth_idx.squeeze_(0)
    best_truth_overlap.squeeze_(0)
    best_prior_idx.squeeze_(1)
    best_prior_overlap.squeeze_(1)
    best_truth_overlap.index_fill_(0, best_prior_idx, 2)
    for j in range(best_prior_idx.size(0)):
        best_truth_idx[best_prior_idx[j]] = j
    matches = truths[best_truth_idx]
    conf = labels[best_truth_idx] + 1
    conf[best_truth_overlap < threshold] = 0
    g_cxcy = (matches[:, :2] + matches[:, 2:]) / 2 - priors[:, :2]
    g_cxcy /= (variances[0] * priors[:, 2:])
    g_wh = torch.log((matches[:, 2:] - matches[:, :2]) / priors[:, 2:]) / variances[1]
    loc_t[idx] = torch.cat([g_cxcy, g_wh], 1)
    conf_t[idx] = conf


def log_sum_exp(x):
    x_max = x.data.max()
    return torch.log(torch.sum(torch.exp(x - x_max), 1, keepdim=True)) + x_max


def multibox_loss(loc_data, conf_data, loc_t, conf_t, num_classes, negpos_ratio=3):
    num = loc_data.size(0)
    pos = conf_t > 0
    pos_idx = pos.unsqueeze(pos.dim()).expand_as(loc_data)
    loc_p, loc_t = loc_data[pos_idx].view(-1, 4), loc_t[pos_idx].view(-1, 4)
    loss_l = F.smooth_l1_loss(loc_p, loc_t, reduction='sum')
    batch_conf = conf_data.view(-1, num_classes)
    loss_c = log_sum_exp(batch_conf) - batch_conf.gather(1, conf_t.view(-1, 1))
    loss_c = loss_c.view(num, -1)
    loss_c[pos] = 0
    _, loss_idx = loss_c.sort(1, descending=True)
    _, idx_rank = loss_idx.sort(1)
    num_pos = pos.long().sum(1, keepdim=True)
    num_neg = torch.clamp(negpos_ratio * num_pos, max=pos.size(1) - 1)
    neg = idx_rank < num_neg.expand_as(idx_rank)
    pos_idx = pos.unsqueeze(2).expand_as(conf_data)
    neg_idx = neg.unsqueeze(2).expand_as(conf_data)
    conf_p = conf_data[(pos_idx + neg_idx).gt(0)].view(-1, num_classes)
    targets_weighted = conf_t[(pos + neg).gt(0)]
    loss_c = F.cross_entropy(conf_p, targets_weighted, reduction='sum')
    N = num_pos.data.sum()
    return loss_l / N, loss_c / N


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2):
    p = torch.sigmoid(inputs)
    ce_loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = ce_loss * ((1 - p_t) ** gamma)
    alpha_t = alpha * targets + (1 - alpha) * (1 - targets)
    return (alpha_t * loss).mean()


def nms(boxes, scores, overlap=0.5, top_k=20):
    keep = scores.new(scores.size(0)).zero_().long()
    x1, y1, x2, y2 = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    area = torch.mul(x2 - x1, y2 - y1)
    v, idx = scores.sort(0)
    idx = idx[-top_k:]
    count = 0
    while idx.numel() > 0:
        i = idx[-1]
        keep[count] = i
        count += 1
        if idx.size(0) == 1:
            break
        idx = idx[:-1]
        xx1 = torch.clamp(torch.index_select(x1, 0, idx), min=x1[i].item())
        yy1 = torch.clamp(torch.index_select(y1, 0, idx), min=float(y1[i]))
        xx2 = torch.clamp(x2[idx], max=x2[i].item())
        yy2 = torch.minimum(y2[idx], y2[i])
        inter = torch.clamp(xx2 - xx1, min=0.0) * torch.clamp(yy2 - yy1, min=0.0)
        IoU = inter / ((area[idx] - inter) + area[i])
        idx = idx[IoU.le(overlap)]
    return keep[:count]


class Boxes(data.Dataset):
    def __init__(self, n):
        self.items = []
        for _ in range(n):
            k = int(rng.integers(1, 4))
            lo = rng.uniform(0, 0.5, (k, 2))
            hi = lo + rng.uniform(0.2, 0.4, (k, 2))
            self.items.append((rng.random((3, 8, 8)).astype('float32'), np.hstack([lo, hi, rng.integers(0, 2, (k, 1))])))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return torch.from_numpy(self.items[i][0]), self.items[i][1]


def detection_collate(batch):
    targets, imgs = [], []
    for sample in batch:
        imgs.append(sample[0])
        targets.append(torch.FloatTensor(sample[1]))
    return torch.stack(imgs, 0), targets


class SSD(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.num_classes = num_classes
        self.base = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.loc = nn.ModuleList([nn.Conv2d(8, 2 * 4, 3, padding=1)])
        self.conf = nn.ModuleList([nn.Conv2d(8, 2 * num_classes, 3, padding=1)])
        mean = []
        for i, j in ((i, j) for i in range(4) for j in range(4)):
            for s in (0.25, 0.4):
                mean += [(j + 0.5) / 4, (i + 0.5) / 4, s, s]
        self.register_buffer('priors', torch.Tensor(mean).view(-1, 4).clamp_(max=1, min=0))

    def forward(self, x):
        x = self.base(x)
        loc = [l(x).permute(0, 2, 3, 1).contiguous() for l in self.loc]
        conf = [c(x).permute(0, 2, 3, 1).contiguous() for c in self.conf]
        loc = torch.cat([o.view(o.size(0), -1) for o in loc], 1)
        conf = torch.cat([o.view(o.size(0), -1) for o in conf], 1)
        return loc.view(loc.size(0), -1, 4), conf.view(conf.size(0), -1, self.num_classes), self.priors


net = SSD(3)
for i, p in enumerate(net.parameters()):
    p.data.copy_(torch.from_numpy(np.random.default_rng(i).normal(0, 0.15, p.shape))) if p.dim() > 1 else p.data.fill_(0.1 * (i % 3))
optimizer = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9, weight_decay=5e-4)
loader = data.DataLoader(Boxes(6), batch_size=3, collate_fn=detection_collate)
for epoch in range(3):
    for images, targets in loader:
        loc, conf, priors = net(images)
        loc_t = torch.Tensor(len(images), priors.size(0), 4)
        conf_t = torch.LongTensor(len(images), priors.size(0))
        for idx in range(len(images)):
            truths, labels = targets[idx][:, :-1].data, targets[idx][:, -1].data
            match(0.5, truths, priors.data, [0.1, 0.2], labels, loc_t, conf_t, idx)
        loss_l, loss_c = multibox_loss(loc, conf, loc_t, conf_t, 3)
        onehot = F.one_hot(conf_t, 3)[..., 1:].float()
        loss = loss_l + loss_c + sigmoid_focal_loss(conf[..., 1:], onehot)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print('%d %.3f %.3f %d' % (epoch, loss_l, loss_c, (conf_t > 0).sum()))
boxes = point_form(priors)
kept = nms(boxes, torch.sin(torch.arange(boxes.size(0)).float() * 1.7), 0.3)
print(kept.tolist(), jaccard(boxes[kept], boxes[kept]).fill_diagonal_(0).max().item() <= 0.3)


class STN3d(nn.Module):
    def __init__(self):
        super(STN3d, self).__init__()
        self.conv1 = torch.nn.Conv1d(3, 6, 1)
        self.bn1 = nn.BatchNorm1d(6)
        self.fc = nn.Linear(6, 9)

    def forward(self, x):
        batchsize = x.size()[0]
        x = F.relu(self.bn1(self.conv1(x)))
        x = torch.max(x, 2, keepdim=True)[0]
        x = self.fc(x.view(-1, 6))
        iden = torch.from_numpy(np.array([1, 0, 0, 0, 1, 0, 0, 0, 1]).astype(np.float32)).view(1, 9).repeat(batchsize, 1)
        if x.is_cuda:
            iden = iden.cuda()
        return (x + iden).view(-1, 3, 3)


class PointNet(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.stn, self.conv, self.bn, self.fc = STN3d(), nn.Conv1d(3, 8, 1), nn.BatchNorm1d(8), nn.Linear(8, k)

    def forward(self, x):
        trans = self.stn(x)
        x = torch.bmm(x.transpose(2, 1), trans).transpose(2, 1)
        x = F.relu(self.bn(self.conv(x)))
        x, where = x.max(dim=-1)
        return F.log_softmax(self.fc(x), dim=1), trans, where


def regularizer(trans):
    I = torch.eye(trans.size()[1])[None, :, :]
    return torch.mean(torch.norm(torch.bmm(trans, trans.transpose(2, 1)) - I, dim=(1, 2)))


points = torch.tensor(rng.normal(size=(6, 3, 10)), dtype=torch.float32)
target = torch.tensor([0, 1, 2, 0, 1, 2])
pn = PointNet()
for i, p in enumerate(pn.parameters()):
    p.data = torch.as_tensor(np.random.default_rng(i).uniform(-0.5, 0.5, p.shape)).float() + (p.dim() == 1) * 0.5
optimizer = torch.optim.Adam(pn.parameters(), lr=0.01, betas=(0.9, 0.999))
for step in range(5):
    optimizer.zero_grad()
    pred, trans, where = pn(points)
    loss = F.nll_loss(pred, target) + regularizer(trans) * 0.001
    loss.backward()
    optimizer.step()
dist = torch.sum((points[:, :, :, None] - points[:, :, None, :]) ** 2, dim=1)
knn = dist.topk(k=4, dim=-1, largest=False)[1]
index = (knn + torch.arange(0, 6).view(-1, 1, 1) * 10).view(-1)
gathered = points.transpose(2, 1).contiguous().view(60, -1)[index, :].view(6, 10, 4, 3)
print('%.4f %s %.4f' % (loss, where[0].tolist(), gathered.sum()))


class Spatial(nn.Module):
    def __init__(self):
        super().__init__()
        self.localization = nn.Sequential(nn.Conv2d(1, 2, kernel_size=3), nn.MaxPool2d(2, stride=2), nn.ReLU(True))
        self.fc_loc = nn.Sequential(nn.Linear(2 * 3 * 3, 6))
        self.fc_loc[0].weight.data.fill_(0.01)
        self.fc_loc[0].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))
        self.localization[0].weight.data.copy_(torch.sin(torch.arange(18.0)).view(2, 1, 3, 3))
        self.localization[0].bias.data.zero_()

    def forward(self, x):
        xs = self.localization(x)
        theta = self.fc_loc(xs.view(-1, 2 * 3 * 3)).view(-1, 2, 3)
        ys, xs = torch.meshgrid(torch.linspace(-1, 1, 8), torch.linspace(-1, 1, 8), indexing='ij')
        base = torch.stack([xs, ys, torch.ones_like(xs)], dim=-1).view(1, -1, 3)
        grid = torch.matmul(base, theta.transpose(1, 2)).view(-1, 8, 8, 2)
        return F.grid_sample(x, grid, align_corners=True)


stn, x = Spatial(), torch.tensor(rng.random((3, 1, 8, 8)), dtype=torch.float32)
opt = torch.optim.SGD(stn.parameters(), lr=0.05)
for _ in range(3):
    loss = (stn(x) - x.flip(-1)).abs().mean()
    opt.zero_grad(); loss.backward(); opt.step()
print('%.5f' % loss.item())
