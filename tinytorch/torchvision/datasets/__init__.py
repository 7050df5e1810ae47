"""torchvision.datasets: pictures as Pillow images with their class numbers."""

from .cifar import CIFAR10, CIFAR100  # 07
from .classified import STL10, SVHN, USPS, CelebA  # 07
from .fakedata import FakeData  # 07
from .folder import DatasetFolder, ImageFolder  # 07
from .mnist import EMNIST, KMNIST, MNIST, FashionMNIST  # 07
from .things import CocoCaptions, CocoDetection, VOCDetection, VOCSegmentation  # 07
from .vision import VisionDataset  # 07

from ... import later as _later

__getattr__ = _later.missing_from(__name__)
