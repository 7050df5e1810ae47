"""U-Net segmentation: both kinds of upsampling, padded skip connections, BCE plus dice, plateau schedule."""
import logging
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, optim
from torch.utils.data import DataLoader, Dataset, random_split
import numpy as np


class DoubleConv(nn.Module):
    """(convolution => [BN] => ReLU) * 2"""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        if not mid_channels:
            mid_channels = out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True)
        )

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(in_channels, out_channels))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear=True):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)
            self.conv = DoubleConv(in_channels, out_channels, in_channels // 2)
        else:
            self.up = nn.ConvTranspose2d(in_channels, in_channels // 2, kernel_size=2, stride=2)
            self.conv = DoubleConv(in_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY = x2.size()[2] - x1.size()[2]
        diffX = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        x = torch.cat([x2, x1], dim=1)
        return self.conv(x)


class OutConv(nn.Module):
    def __init__(self, in_channels, out_channels):
        super(OutConv, self).__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False):
        super(UNet, self).__init__()
        self.n_channels, self.n_classes, self.bilinear = n_channels, n_classes, bilinear
        self.inc = (DoubleConv(n_channels, 4))
        self.down1 = (Down(4, 8))
        factor = 2 if bilinear else 1
        self.down2 = (Down(8, 16 // factor))
        self.up1 = (Up(16, 8 // factor, bilinear))
        self.up2 = (Up(8, 4, bilinear))
        self.outc = (OutConv(4, n_classes))

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x = self.up1(x3, x2)
        x = self.up2(x, x1)
        return self.outc(x)


def dice_coeff(input: Tensor, target: Tensor, reduce_batch_first: bool = False, epsilon: float = 1e-6):
    assert input.size() == target.size()
    assert input.dim() == 3 or not reduce_batch_first
    sum_dim = (-1, -2) if input.dim() == 2 or not reduce_batch_first else (-1, -2, -3)
    inter = 2 * (input * target).sum(dim=sum_dim)
    sets_sum = input.sum(dim=sum_dim) + target.sum(dim=sum_dim)
    sets_sum = torch.where(sets_sum == 0, inter, sets_sum)
    dice = (inter + epsilon) / (sets_sum + epsilon)
    return dice.mean()


def dice_loss(input: Tensor, target: Tensor, multiclass: bool = False):
    if multiclass:
        return 1 - dice_coeff(input.flatten(0, 1), target.flatten(0, 1), reduce_batch_first=True)
    return 1 - dice_coeff(input, target, reduce_batch_first=True)


class Blobs(Dataset):
    def __init__(self, n, classes):
        self.rng, self.n, self.classes = np.random.default_rng(5), n, classes
        self.images = self.rng.normal(size=(n, 2, 13, 10)).astype(np.float32)
        self.masks = (self.images[:, 0] > 0).astype(np.int64) + (self.images[:, 1] > 1).astype(np.int64) * (classes > 1)

    def __len__(self):
        return self.n

    def __getitem__(self, idx):
        return {'image': torch.as_tensor(self.images[idx].copy()).float().contiguous(),
                'mask': torch.as_tensor(self.masks[idx].copy()).long().contiguous()}


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
logging.basicConfig(level=logging.ERROR, format='%(levelname)s: %(message)s')
for bilinear, classes in ((False, 1), (True, 3)):
    dataset = Blobs(6, classes)
    train_set, val_set = random_split(dataset, [6, 0], generator=torch.Generator().manual_seed(0))
    train_loader = DataLoader(dataset, shuffle=False, batch_size=3, num_workers=0, pin_memory=False)
    model = UNet(n_channels=2, n_classes=classes, bilinear=bilinear)
    model = model.to(memory_format=torch.channels_last) if torch.cuda.is_available() else model
    for i, p in enumerate(p for p in model.parameters() if p.dim() > 1):
        p.data = torch.as_tensor(np.random.default_rng(i).normal(0, 0.25, tuple(p.shape)), dtype=torch.float32)
    nn.init.zeros_(model.outc.conv.bias)
    for m in model.modules():
        if isinstance(m, nn.ConvTranspose2d):
            m.bias.data.fill_(0.02)
    model.to(device=device)
    optimizer = optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=1e-8, momentum=0.9, foreach=True)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, 'max', patience=1)
    grad_scaler = torch.cuda.amp.GradScaler(enabled=False)
    criterion = nn.CrossEntropyLoss() if model.n_classes > 1 else nn.BCEWithLogitsLoss()
    for epoch in range(1, 4):
        model.train()
        epoch_loss = 0
        for batch in train_loader:
            images, true_masks = batch['image'], batch['mask']
            assert images.shape[1] == model.n_channels
            images = images.to(device=device, dtype=torch.float32)
            true_masks = true_masks.to(device=device, dtype=torch.long)
            with torch.autocast(device.type if device.type != 'mps' else 'cpu', enabled=False):
                masks_pred = model(images)
                if model.n_classes == 1:
                    loss = criterion(masks_pred.squeeze(1), true_masks.float())
                    loss += dice_loss(F.sigmoid(masks_pred.squeeze(1)), true_masks.float(), multiclass=False)
                else:
                    loss = criterion(masks_pred, true_masks)
                    loss += dice_loss(
                        F.softmax(masks_pred, dim=1).float(),
                        F.one_hot(true_masks, model.n_classes).permute(0, 3, 1, 2).float(),
                        multiclass=True)
            optimizer.zero_grad(set_to_none=True)
            grad_scaler.scale(loss).backward()
            grad_scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            grad_scaler.step(optimizer)
            grad_scaler.update()
            epoch_loss += loss.item()
        val_score = dice_coeff(masks_pred.argmax(dim=1).float() if classes > 1 else (torch.sigmoid(masks_pred) > 0.5).float().squeeze(1),
                               true_masks.float())
        scheduler.step(val_score)
        print('epoch', epoch, 'loss %.4f' % epoch_loss, 'lr', optimizer.param_groups[0]['lr'])
    print(tuple(masks_pred.shape), len(train_set), len(val_set))
