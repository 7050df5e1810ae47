"""Models, each one file that reads like its paper; variants are the functions at its bottom."""

from .mlp import MLP, mlp_mnist, mlp_xor  # 04
from .lenet import LeNet5, lenet5, lenet5_modern  # 06
from .resnet import ResNet, resnet18, resnet34, resnet50  # 08
from .resnet9 import ResNet9, resnet9, resnet9_small  # 08
from .unet import UNet, unet, unet_paper, unet_small  # 08
from .vgg import VGG, vgg11, vgg11_cifar, vgg13, vgg16, vgg19  # 08
from .seq2seq import Seq2Seq, seq2seq_small  # 15
from .gpt import GPT, GPTConfig, gpt2, gpt2_medium, gpt_small, gpt_tiny  # 16
from .vit import VisionTransformer, vit_b_16, vit_cifar, vit_s_16  # 16

from .. import later as _later

__getattr__ = _later.missing_from(__name__)
