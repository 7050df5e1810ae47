"""torchvision's networks: sizes, keys, what they give in training, and what they say."""

import re

import numpy as np
import pytest

import tinytorch
from tinytorch import nn
from tinytorch.torchvision import models
from tinytorch.torchvision.ops import Conv2dNormActivation

Image = pytest.importorskip("PIL.Image")

# What torchvision 0.28's documentation says of each: parameters with 1000 classes.
PUBLISHED = {
    "alexnet": 61_100_840,
    "convnext_tiny": 28_589_128,
    "densenet121": 7_978_856,
    "efficientnet_b0": 5_288_548,
    "efficientnet_b1": 7_794_184,
    "efficientnet_v2_s": 21_458_488,
    "googlenet": None,  # the documentation counts it without the classifiers halfway
    "inception_v3": 27_161_264,
    "mnasnet0_5": 2_218_512,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "regnet_x_400mf": 5_495_976,
    "regnet_y_400mf": 4_344_144,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnext50_32x4d": 25_028_904,
    "shufflenet_v2_x0_5": 1_366_792,
    "shufflenet_v2_x1_0": 2_278_604,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "swin_t": 28_288_354,
    "wide_resnet50_2": 68_883_240,
}


def count(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def picture(size: int = 64, batch: int = 1):
    pixels = np.random.default_rng(0).normal(size=(batch, 3, size, size))
    return tinytorch.from_numpy(pixels.astype(np.float32))


@pytest.mark.parametrize("name", PUBLISHED)
def test_as_many_parameters_as_published(name):
    net = models.get_model(name)
    expected = PUBLISHED[name]
    if expected is None:
        net, expected = models.googlenet(aux_logits=False), 6_624_904
    assert count(net) == expected


SMALL = [
    "squeezenet1_1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "mnasnet0_5",
    "efficientnet_b0",
]


@pytest.mark.parametrize("name", [*SMALL, "densenet121", "googlenet"])
def test_they_learn(name):
    net = models.get_model(name, num_classes=4).eval()
    out = net(picture())
    assert out.shape == (1, 4)
    out.square().sum().backward()
    missing = [k for k, p in net.named_parameters() if p.grad is None and not k.startswith("aux")]
    assert not missing and any(float(p.grad.abs().sum()) > 0 for p in net.parameters() if p.grad is not None)


def test_keys():
    keys = lambda net: list(net.state_dict())
    assert keys(models.mobilenet_v2())[6:8] == ["features.1.conv.0.0.weight", "features.1.conv.0.1.weight"]
    assert keys(models.densenet121())[6] == "features.denseblock1.denselayer1.norm1.weight"
    vit = models.VisionTransformer(32, 16, 2, 4, 16, 32, num_classes=3)
    assert keys(vit)[:3] == ["class_token", "conv_proj.weight", "conv_proj.bias"]
    assert "encoder.layers.encoder_layer_1.self_attention.in_proj_weight" in keys(vit)
    assert keys(vit)[-2:] == ["heads.head.weight", "heads.head.bias"]


def test_weights_published_under_older_names_load():
    net, other = models.DenseNet(4, (2, 1), 8), models.DenseNet(4, (2, 1), 8)
    old = {re.sub(r"(denselayer\d+\.[a-z]+)([12]\.)", r"\1.\2", k): v for k, v in net.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    other.load_state_dict(old)
    x = picture()
    assert tinytorch.equal(net.eval()(x), other.eval()(x))


def test_memory_efficient_is_the_same():
    net, frugal = models.DenseNet(4, (2, 1), 8), models.DenseNet(4, (2, 1), 8, memory_efficient=True)
    frugal.load_state_dict(net.state_dict())
    for model in (net, frugal):
        model.eval()(picture()).square().sum().backward()
    for a, b in zip(net.parameters(), frugal.parameters()):
        assert tinytorch.allclose(a.grad, b.grad, rtol=1e-4, atol=1e-6)


def test_classifiers_halfway_speak_in_training():
    net = models.googlenet(num_classes=5)
    out = net.train()(picture(batch=2))
    assert isinstance(out, models.GoogLeNetOutputs)
    assert out.logits.shape == out.aux_logits1.shape == out.aux_logits2.shape == (2, 5)
    assert net.eval()(picture()).shape == (1, 5)


def test_residual_networks_of_other_shapes():
    dilated = models.resnet50(num_classes=2, replace_stride_with_dilation=[False, True, True])
    stages = nn.Sequential(*list(dilated.children())[:-2])
    assert stages.eval()(picture()).shape == (1, 2048, 8, 8)
    still = models.resnet18(num_classes=2, zero_init_residual=True)
    assert not float(still.layer1[0].bn2.weight.abs().sum())
    with pytest.raises(ValueError, match="groups=1 and base_width=64"):
        models.resnet18(groups=2)
    blocks = models.ResNet(
        models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=2, norm_layer=nn.InstanceNorm2d
    )
    assert isinstance(blocks.layer1[0].bn1, nn.InstanceNorm2d)


def test_vision_transformer_wants_its_size():
    net = models.VisionTransformer(32, 16, 1, 4, 16, 32, num_classes=3)
    assert net(picture(32, batch=2)).shape == (2, 3)
    with pytest.raises(AssertionError, match="expected 32 x 32, got 64 x 64"):
        net(picture(64))


def test_models_by_name():
    assert "vit_b_16" in models.list_models() and models.list_models(include="resnet*")[0] == "resnet101"
    assert count(models.get_model("AlexNet", num_classes=2)) == count(models.alexnet(num_classes=2))
    with pytest.raises(ValueError, match="Unknown model resnet19; near names: resnet18"):
        models.get_model("resnet19")
    assert models.MobileNet_V2_Weights.DEFAULT is models.MobileNet_V2_Weights.IMAGENET1K_V2


def test_a_convolution_that_keeps_the_size():
    layer = Conv2dNormActivation(3, 4, kernel_size=(3, 5), dilation=2)
    assert layer.eval()(picture(16)).shape == (1, 4, 16, 16)
    assert [type(part).__name__ for part in layer] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert Conv2dNormActivation(3, 4, norm_layer=None)[0].bias is not None


# ---------------------------------------------------------------- published weights


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """PyTorch's folder for weights, empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_weights_that_are_there(cache):
    net = models.squeezenet1_1()
    tinytorch.save(net.state_dict(), cache / "squeezenet1_1-b8a52dc0.pth")
    asked = [
        models.squeezenet1_1(pretrained=True),
        models.squeezenet1_1(weights="DEFAULT"),
        models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.IMAGENET1K_V1),
        models.get_model("squeezenet1_1", weights="IMAGENET1K_V1"),
    ]
    for other in asked:
        assert all(tinytorch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True))
    with pytest.raises(ValueError, match="'num_classes' expected value 1000 but got 10 instead"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=10)
    with pytest.raises(TypeError, match="expected SqueezeNet1_1_Weights but received ResNet18_Weights"):
        models.squeezenet1_1(weights=models.ResNet18_Weights.DEFAULT)


def test_weights_that_are_not_there(cache):
    said = (
        r"download.pytorch.org/models/resnet34-b627a593.pth and put it at .*checkpoints.resnet34-b627a593.pth"
    )
    with pytest.raises(FileNotFoundError, match=said):
        models.resnet34(pretrained=True)
    assert models.ResNet50_Weights.DEFAULT is models.ResNet50_Weights.IMAGENET1K_V2
    assert (
        models.get_model_weights("resnet50")
        is models.ResNet50_Weights
        is models.get_model_weights(models.resnet50)
    )
    assert models.get_weight("ResNet50_Weights.IMAGENET1K_V1").url.endswith("resnet50-0676ba61.pth")
    with pytest.raises(NotImplementedError, match="the names of the classes come with torchvision"):
        models.ResNet50_Weights.DEFAULT.meta["categories"]


def test_auxiliary_classifiers_of_published_networks(cache):
    tinytorch.save(models.googlenet().state_dict(), cache / "googlenet-1378be20.pth")
    net = models.googlenet(weights="DEFAULT")
    assert net.aux1 is None and net.transform_input
    assert models.googlenet(weights="DEFAULT", aux_logits=True).aux1 is not None


def test_what_prepares_a_picture():
    prepare = models.ResNet50_Weights.DEFAULT.transforms()
    picture = np.full((300, 400, 3), 255, np.uint8)
    out = prepare(Image.fromarray(picture))
    assert out.shape == (3, 224, 224) and prepare.resize_size == [232]
    np.testing.assert_allclose(
        out[:, 0, 0].numpy(), (1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], rtol=1e-5
    )
    assert "crop_size=[224]" in repr(prepare)
    assert models.EfficientNet_B0_Weights.DEFAULT.transforms().interpolation.value == "bicubic"


# ---------------------------------------------------------------- every pixel, and what is inside


@pytest.mark.parametrize("name", ["fcn_resnet50", "deeplabv3_resnet50"])
def test_the_class_of_every_pixel(name):
    net = getattr(models.segmentation, name)(num_classes=4, aux_loss=True).eval()
    out = net(picture(33))
    assert {part: tuple(v.shape) for part, v in out.items()} == {"out": (1, 4, 33, 33), "aux": (1, 4, 33, 33)}
    sum(v.square().sum() for v in out.values()).backward()
    assert all(p.grad is not None for p in net.parameters())
    assert list(net.state_dict())[-1] == "aux_classifier.4.bias"
    assert "aux" not in getattr(models.segmentation, name)(num_classes=4).eval()(picture(33))


def test_windows_that_move():
    net = models.SwinTransformer(
        [4, 4], 16, [2, 2], [2, 4], [3, 3], num_classes=5, stochastic_depth_prob=0.0
    ).eval()
    x = picture(40, batch=2)  # 10 x 10 patches, which windows of 3 x 3 do not fit
    out = net(x)
    assert out.shape == (2, 5)
    alone = net(x[:1])
    assert tinytorch.allclose(out[:1], alone, atol=1e-5)
    out.sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    table = net.features[1][1].attn.relative_position_bias_table
    assert table.shape == (25, 2) and float(table.grad.abs().sum()) > 0


def test_places_on_opposite_sides_do_not_see_each_other():
    apart = models.swin_transformer.strangers(4, 4, (2, 2), [1, 1])
    assert apart.shape == (4, 4, 4)
    assert not apart[0].any()  # the first window is whole
    assert apart[3].sum() == 12  # in the last every place is alone


def test_parts_of_a_network_by_name():
    net = models.resnet18(num_classes=3).eval()
    parts = models.feature_extraction.create_feature_extractor(
        net, {"layer1": "low", "layer4.1.relu_1": "top"}
    )
    x = picture(64)
    out = parts(x)
    assert list(out) == ["low", "top"]
    stem = net.maxpool(net.relu(net.bn1(net.conv1(x))))
    low = net.layer1(stem)
    assert tinytorch.equal(out["low"], low)
    assert tinytorch.equal(out["top"], net.layer4(net.layer3(net.layer2(low))))
    assert list(parts.state_dict()) == list(net.state_dict())
    assert not net.layer1._forward_hooks and parts.train().network.training and net.training
    with pytest.raises(ValueError, match="node: 'layer9' is not present in model"):
        models.feature_extraction.create_feature_extractor(net, ["layer9"])
    with pytest.raises(ValueError, match="Either return_nodes or train_return_nodes and eval_return_nodes"):
        models.feature_extraction.create_feature_extractor(net)
