'''Train a small ResNet on random CIFAR-like images, with the usual train and test loops and a checkpoint.'''
import torch
import torch.nn as nn
import torch.optim as optim
import torch.nn.functional as F
import torch.backends.cudnn as cudnn
import numpy as np
import os
import tempfile


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(
            in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3,
                               stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != self.expansion * planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, self.expansion * planes,
                          kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(self.expansion * planes)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        out = F.relu(out)
        return out


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=10):
        super(ResNet, self).__init__()
        self.in_planes = 8

        self.conv1 = nn.Conv2d(3, 8, kernel_size=3,
                               stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, num_blocks[0], stride=1)
        self.layer2 = self._make_layer(block, 16, num_blocks[1], stride=2)
        self.linear = nn.Linear(16 * block.expansion, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make_layer(self, block, planes, num_blocks, stride):
        strides = [stride] + [1] * (num_blocks - 1)
        layers = []
        for stride in strides:
            layers.append(block(self.in_planes, planes, stride))
            self.in_planes = planes * block.expansion
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer1(out)
        out = self.layer2(out)
        out = F.avg_pool2d(out, 4)
        out = out.view(out.size(0), -1)
        out = self.linear(out)
        return out


device = 'cuda' if torch.cuda.is_available() else 'cpu'
best_acc = 0
rng = np.random.RandomState(0)
labels = rng.randint(0, 10, 40)
images = (rng.randn(40, 3, 8, 8) * 0.5 + labels[:, None, None, None] * 0.2).astype(np.float32)
trainset = torch.utils.data.TensorDataset(torch.from_numpy(images), torch.from_numpy(labels).long())
trainloader = torch.utils.data.DataLoader(trainset, batch_size=16, shuffle=False, num_workers=0)
testloader = torch.utils.data.DataLoader(trainset, batch_size=20, shuffle=False, pin_memory=False)

net = ResNet(BasicBlock, [1, 2])
net = net.to(device)
if device == 'cuda':
    net = torch.nn.DataParallel(net)
    cudnn.benchmark = True
for name, p in net.named_parameters():
    if p.dim() > 1:
        p.data.copy_(torch.from_numpy(rng.randn(*p.shape) * 0.2))
    elif name == 'linear.bias':
        p.data.zero_()
print(sum(p.numel() for p in net.parameters() if p.requires_grad), len(net.state_dict().keys()))

criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)


def train(epoch):
    net.train()
    train_loss = 0
    correct = 0
    total = 0
    for batch_idx, (inputs, targets) in enumerate(trainloader):
        inputs, targets = inputs.to(device), targets.to(device)
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()

        train_loss += loss.item()
        _, predicted = outputs.max(1)
        total += targets.size(0)
        correct += predicted.eq(targets).sum().item()
    print('Loss: %.3f | Acc: %.3f%% (%d/%d) lr %.5f' % (
        train_loss / (batch_idx + 1), 100. * correct / total, correct, total, scheduler.get_last_lr()[0]))


def test(epoch, path):
    global best_acc
    net.eval()
    test_loss = 0
    correct = 0
    total = 0
    with torch.no_grad():
        for batch_idx, (inputs, targets) in enumerate(testloader):
            inputs, targets = inputs.to(device), targets.to(device)
            outputs = net(inputs)
            loss = criterion(outputs, targets)
            test_loss += loss.item()
            _, predicted = outputs.max(1)
            total += targets.size(0)
            correct += predicted.eq(targets).sum().item()
    acc = 100. * correct / total
    print('Test loss: %.3f' % (test_loss / len(testloader)))
    state = {'net': net.state_dict(), 'acc': acc, 'epoch': epoch}
    torch.save(state, path)
    best_acc = max(acc, best_acc)


path = os.path.join(tempfile.mkdtemp(), 'ckpt.pth')
for epoch in range(3):
    train(epoch)
    test(epoch, path)
    scheduler.step()

checkpoint = torch.load(path)
clone = ResNet(BasicBlock, [1, 2])
clone.load_state_dict(checkpoint['net'])
clone.eval()
net.eval()
x = torch.from_numpy(images[:4])
print(checkpoint['epoch'], torch.equal(clone(x), net(x)), int(net.bn1.num_batches_tracked))
print(net(x).sum(1).detach().numpy().round(2).tolist())
