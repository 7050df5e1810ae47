"""CycleGAN with a patch discriminator and an image pool, a fast style net, and super-resolution by pixel shuffle."""
import functools
import itertools
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn import init
from torch.optim import lr_scheduler

random.seed(0)


class Identity(nn.Module):
    def forward(self, x):
        return x


def get_norm_layer(norm_type='instance'):
    if norm_type == 'batch':
        norm_layer = functools.partial(nn.BatchNorm2d, affine=True, track_running_stats=True)
    elif norm_type == 'instance':
        norm_layer = functools.partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    elif norm_type == 'none':
        def norm_layer(x):
            return Identity()
    else:
        raise NotImplementedError('normalization layer [%s] is not found' % norm_type)
    return norm_layer


def init_net(net, seed=0, init_gain=0.02):
    rng = np.random.RandomState(seed)

    def init_func(m):
        classname = m.__class__.__name__
        if hasattr(m, 'weight') and (classname.find('Conv') != -1 or classname.find('Linear') != -1):
            init.normal_(m.weight.data, 0.0, init_gain)
            m.weight.data = torch.from_numpy(rng.normal(0.0, 0.2, tuple(m.weight.shape)).astype(np.float32))
            if hasattr(m, 'bias') and m.bias is not None:
                init.constant_(m.bias.data, 0.0)
        elif classname.find('BatchNorm2d') != -1:
            init.normal_(m.weight.data, 1.0, 0.0)
            init.constant_(m.bias.data, 0.0)

    net.apply(init_func)
    return net


class ResnetBlock(nn.Module):
    def __init__(self, dim, padding_type, norm_layer, use_dropout, use_bias):
        super(ResnetBlock, self).__init__()
        conv_block = []
        for last in (False, True):
            p = 0
            if padding_type == 'reflect':
                conv_block += [nn.ReflectionPad2d(1)]
            elif padding_type == 'replicate':
                conv_block += [nn.ReplicationPad2d(1)]
            elif padding_type == 'zero':
                p = 1
            conv_block += [nn.Conv2d(dim, dim, kernel_size=3, padding=p, bias=use_bias), norm_layer(dim)]
            if not last:
                conv_block += [nn.ReLU(True)]
                if use_dropout:
                    conv_block += [nn.Dropout(0.0)]
        self.conv_block = nn.Sequential(*conv_block)

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    def __init__(self, nc, ngf=4, norm_layer=nn.BatchNorm2d, n_blocks=1, padding_type='reflect'):
        super(ResnetGenerator, self).__init__()
        if type(norm_layer) == functools.partial:
            use_bias = norm_layer.func == nn.InstanceNorm2d
        else:
            use_bias = norm_layer == nn.InstanceNorm2d
        model = [nn.ReflectionPad2d(3), nn.Conv2d(nc, ngf, kernel_size=7, padding=0, bias=use_bias), norm_layer(ngf), nn.ReLU(True)]
        model += [nn.Conv2d(ngf, ngf * 2, kernel_size=3, stride=2, padding=1, bias=use_bias), norm_layer(ngf * 2), nn.ReLU(True)]
        for i in range(n_blocks):
            model += [ResnetBlock(ngf * 2, padding_type, norm_layer, True, use_bias)]
        model += [nn.ConvTranspose2d(ngf * 2, ngf, kernel_size=3, stride=2, padding=1, output_padding=1, bias=use_bias),
                  norm_layer(ngf), nn.ReLU(True), nn.ReflectionPad2d(3), nn.Conv2d(ngf, nc, kernel_size=7, padding=0), nn.Tanh()]
        self.model = nn.Sequential(*model)

    def forward(self, input):
        return self.model(input)


class NLayerDiscriminator(nn.Module):
    def __init__(self, nc, ndf=4, n_layers=2, norm_layer=nn.BatchNorm2d):
        super(NLayerDiscriminator, self).__init__()
        sequence = [nn.Conv2d(nc, ndf, kernel_size=4, stride=2, padding=1), nn.LeakyReLU(0.2, True)]
        nf_mult = 1
        for n in range(1, n_layers):
            nf_mult_prev, nf_mult = nf_mult, min(2 ** n, 8)
            sequence += [nn.Conv2d(ndf * nf_mult_prev, ndf * nf_mult, kernel_size=4, stride=1, padding=1, bias=False),
                         norm_layer(ndf * nf_mult), nn.LeakyReLU(0.2, True)]
        sequence += [nn.Conv2d(ndf * nf_mult, 1, kernel_size=4, stride=1, padding=1)]
        self.model = nn.Sequential(*sequence)

    def forward(self, input):
        return self.model(input)


class GANLoss(nn.Module):
    def __init__(self, gan_mode, target_real_label=1.0, target_fake_label=0.0):
        super(GANLoss, self).__init__()
        self.register_buffer('real_label', torch.tensor(target_real_label))
        self.register_buffer('fake_label', torch.tensor(target_fake_label))
        self.gan_mode = gan_mode
        self.loss = {'lsgan': nn.MSELoss, 'vanilla': nn.BCEWithLogitsLoss}[gan_mode]()

    def __call__(self, prediction, target_is_real):
        target = (self.real_label if target_is_real else self.fake_label).expand_as(prediction)
        return self.loss(prediction, target)


class ImagePool():
    def __init__(self, pool_size):
        self.pool_size, self.num_imgs, self.images = pool_size, 0, []

    def query(self, images):
        return_images = []
        for image in images:
            image = torch.unsqueeze(image.data, 0)
            if self.num_imgs < self.pool_size:
                self.num_imgs = self.num_imgs + 1
                self.images.append(image)
                return_images.append(image)
            elif random.uniform(0, 1) > 0.5:
                random_id = random.randint(0, self.pool_size - 1)
                tmp = self.images[random_id].clone()
                self.images[random_id] = image
                return_images.append(tmp)
            else:
                return_images.append(image)
        return torch.cat(return_images, 0)


def set_requires_grad(nets, requires_grad=False):
    for net in nets if isinstance(nets, list) else [nets]:
        if net is not None:
            for param in net.parameters():
                param.requires_grad = requires_grad


norm = get_norm_layer('instance')
netG_A, netG_B = init_net(ResnetGenerator(1, norm_layer=norm), 1), init_net(ResnetGenerator(1, norm_layer=norm, padding_type='replicate'), 2)
netD_A, netD_B = init_net(NLayerDiscriminator(1, norm_layer=norm), 3), init_net(NLayerDiscriminator(1, norm_layer=get_norm_layer('batch')), 4)
pool_A, pool_B = ImagePool(2), ImagePool(2)
criterionGAN, criterionCycle = GANLoss('lsgan'), torch.nn.L1Loss()
optimizer_G = torch.optim.Adam(itertools.chain(netG_A.parameters(), netG_B.parameters()), lr=2e-3, betas=(0.5, 0.999))
optimizer_D = torch.optim.Adam(itertools.chain(netD_A.parameters(), netD_B.parameters()), lr=2e-3, betas=(0.5, 0.999))
schedulers = [lr_scheduler.LambdaLR(o, lr_lambda=lambda e: 1.0 - max(0, e - 1) / 3.0) for o in (optimizer_G, optimizer_D)]
rng = np.random.RandomState(0)
for epoch in range(3):
    real_A, real_B = (torch.from_numpy(rng.uniform(-1, 1, (2, 1, 12, 12))).float() for _ in range(2))
    fake_B, fake_A = netG_A(real_A), netG_B(real_B)
    rec_A, rec_B = netG_B(fake_B), netG_A(fake_A)
    set_requires_grad([netD_A, netD_B], False)
    optimizer_G.zero_grad()
    loss_G = criterionGAN(netD_A(fake_B), True) + criterionGAN(netD_B(fake_A), True)
    loss_G = loss_G + criterionCycle(rec_A, real_A) * 10.0 + criterionCycle(rec_B, real_B) * 10.0
    loss_G.backward()
    optimizer_G.step()
    set_requires_grad([netD_A, netD_B], True)
    optimizer_D.zero_grad()
    losses = []
    for netD, real, fake in ((netD_A, real_B, pool_B.query(fake_B)), (netD_B, real_A, pool_A.query(fake_A))):
        loss_D = (criterionGAN(netD(real), True) + criterionGAN(netD(fake.detach()), False)) * 0.5
        loss_D.backward()
        losses.append(loss_D.item())
    optimizer_D.step()
    for scheduler in schedulers:
        scheduler.step()
    print('epoch %d G %.3f D %.3f %.3f lr %.5f' % (epoch, loss_G, losses[0], losses[1], optimizer_G.param_groups[0]['lr']))
print(sum(p.numel() for p in netG_A.parameters()), len(netD_B.state_dict()))


class Net(nn.Module):
    """Sub-pixel super-resolution."""

    def __init__(self, upscale_factor):
        super(Net, self).__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 8, (5, 5), (1, 1), (2, 2))
        self.conv4 = nn.Conv2d(8, upscale_factor ** 2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        x = self.relu(self.conv1(x))
        return self.pixel_shuffle(self.conv4(x))

    def _initialize_weights(self):
        init.orthogonal_(self.conv1.weight, init.calculate_gain('relu'))
        init.orthogonal_(self.conv4.weight)


net = init_net(Net(upscale_factor=3), 7)
high = torch.from_numpy(rng.rand(2, 1, 12, 12)).float()
low = F.interpolate(high, scale_factor=1 / 3, mode='area') if False else F.avg_pool2d(high, 3)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(5):
    optimizer.zero_grad()
    loss = nn.MSELoss()(net(low), high)
    loss.backward()
    optimizer.step()
psnr = 10 * torch.log10(1 / loss.detach())
bicubic = F.interpolate(low, size=(12, 12), mode='bilinear', align_corners=False)
print('%.4f %.3f %.4f' % (loss.item(), psnr, F.mse_loss(bicubic, high).item()))


class UpsampleConvLayer(torch.nn.Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride, upsample=None):
        super(UpsampleConvLayer, self).__init__()
        self.upsample = upsample
        self.reflection_pad = torch.nn.ReflectionPad2d(kernel_size // 2)
        self.conv2d = torch.nn.Conv2d(in_channels, out_channels, kernel_size, stride)

    def forward(self, x):
        if self.upsample:
            x = torch.nn.functional.interpolate(x, mode='nearest', scale_factor=self.upsample)
        return self.conv2d(self.reflection_pad(x))


def gram_matrix(y):
    (b, ch, h, w) = y.size()
    features = y.view(b, ch, w * h)
    features_t = features.transpose(1, 2)
    return features.bmm(features_t) / (ch * h * w)


transformer = init_net(nn.Sequential(UpsampleConvLayer(3, 4, 3, 2), nn.InstanceNorm2d(4, affine=True), nn.ReLU(), UpsampleConvLayer(4, 3, 3, 1, upsample=2)), 9)
features = init_net(nn.Conv2d(3, 5, 3), 10).requires_grad_(False)
style = torch.from_numpy(rng.rand(1, 3, 8, 8) * 255).float()
mean = style.new_tensor([0.485, 0.456, 0.406]).view(-1, 1, 1)
std = style.new_tensor([0.229, 0.224, 0.225]).view(-1, 1, 1)
gram_style = gram_matrix(features((style.div(255.0) - mean) / std).repeat(2, 1, 1, 1))
optimizer = torch.optim.Adam(transformer.parameters(), 1e-2)
x = torch.from_numpy(rng.rand(2, 3, 8, 8)).float()
for _ in range(4):
    optimizer.zero_grad()
    y = transformer(x)
    loss = F.mse_loss(features(y), features(x)) + 10 * F.mse_loss(gram_matrix(features(y)), gram_style[:2, :, :])
    loss.backward()
    optimizer.step()
print('%.4f' % loss.item())
