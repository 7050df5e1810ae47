"""Which weights torchvision has published: the file, and the size that pictures are cropped and resized to."""

from __future__ import annotations

from ._api import constructor, published  # noqa: F401

AlexNet_Weights = published("alexnet", "AlexNet_Weights", IMAGENET1K_V1="alexnet-owt-7be5be79.pth 224 256")
ConvNeXt_Base_Weights = published(
    "convnext_base", "ConvNeXt_Base_Weights", IMAGENET1K_V1="convnext_base-6075fbad.pth 224 232"
)
ConvNeXt_Large_Weights = published(
    "convnext_large", "ConvNeXt_Large_Weights", IMAGENET1K_V1="convnext_large-ea097f82.pth 224 232"
)
ConvNeXt_Small_Weights = published(
    "convnext_small", "ConvNeXt_Small_Weights", IMAGENET1K_V1="convnext_small-0c510722.pth 224 230"
)
ConvNeXt_Tiny_Weights = published(
    "convnext_tiny", "ConvNeXt_Tiny_Weights", IMAGENET1K_V1="convnext_tiny-983f1562.pth 224 236"
)
DeepLabV3_ResNet101_Weights = published(
    "deeplabv3_resnet101",
    "DeepLabV3_ResNet101_Weights",
    COCO_WITH_VOC_LABELS_V1="deeplabv3_resnet101_coco-586e9e4e.pth - 520",
)
DeepLabV3_ResNet50_Weights = published(
    "deeplabv3_resnet50",
    "DeepLabV3_ResNet50_Weights",
    COCO_WITH_VOC_LABELS_V1="deeplabv3_resnet50_coco-cd0a2569.pth - 520",
)
DenseNet121_Weights = published(
    "densenet121", "DenseNet121_Weights", IMAGENET1K_V1="densenet121-a639ec97.pth 224 256"
)
DenseNet161_Weights = published(
    "densenet161", "DenseNet161_Weights", IMAGENET1K_V1="densenet161-8d451a50.pth 224 256"
)
DenseNet169_Weights = published(
    "densenet169", "DenseNet169_Weights", IMAGENET1K_V1="densenet169-b2777c0a.pth 224 256"
)
DenseNet201_Weights = published(
    "densenet201", "DenseNet201_Weights", IMAGENET1K_V1="densenet201-c1103571.pth 224 256"
)
EfficientNet_B0_Weights = published(
    "efficientnet_b0",
    "EfficientNet_B0_Weights",
    IMAGENET1K_V1="efficientnet_b0_rwightman-7f5810bc.pth 224 256 bicubic",
)
EfficientNet_B1_Weights = published(
    "efficientnet_b1",
    "EfficientNet_B1_Weights",
    IMAGENET1K_V1="efficientnet_b1_rwightman-bac287d4.pth 240 256 bicubic",
    IMAGENET1K_V2="efficientnet_b1-c27df63c.pth 240 255",
)
EfficientNet_B2_Weights = published(
    "efficientnet_b2",
    "EfficientNet_B2_Weights",
    IMAGENET1K_V1="efficientnet_b2_rwightman-c35c1473.pth 288 288 bicubic",
)
EfficientNet_B3_Weights = published(
    "efficientnet_b3",
    "EfficientNet_B3_Weights",
    IMAGENET1K_V1="efficientnet_b3_rwightman-b3899882.pth 300 320 bicubic",
)
EfficientNet_B4_Weights = published(
    "efficientnet_b4",
    "EfficientNet_B4_Weights",
    IMAGENET1K_V1="efficientnet_b4_rwightman-23ab8bcd.pth 380 384 bicubic",
)
EfficientNet_B5_Weights = published(
    "efficientnet_b5",
    "EfficientNet_B5_Weights",
    IMAGENET1K_V1="efficientnet_b5_lukemelas-1a07897c.pth 456 456 bicubic",
)
EfficientNet_B6_Weights = published(
    "efficientnet_b6",
    "EfficientNet_B6_Weights",
    IMAGENET1K_V1="efficientnet_b6_lukemelas-24a108a5.pth 528 528 bicubic",
)
EfficientNet_B7_Weights = published(
    "efficientnet_b7",
    "EfficientNet_B7_Weights",
    IMAGENET1K_V1="efficientnet_b7_lukemelas-c5b4e57e.pth 600 600 bicubic",
)
EfficientNet_V2_L_Weights = published(
    "efficientnet_v2_l",
    "EfficientNet_V2_L_Weights",
    IMAGENET1K_V1="efficientnet_v2_l-59c71312.pth 480 480 bicubic",
)
EfficientNet_V2_M_Weights = published(
    "efficientnet_v2_m", "EfficientNet_V2_M_Weights", IMAGENET1K_V1="efficientnet_v2_m-dc08266a.pth 480 480"
)
EfficientNet_V2_S_Weights = published(
    "efficientnet_v2_s", "EfficientNet_V2_S_Weights", IMAGENET1K_V1="efficientnet_v2_s-dd5fe13b.pth 384 384"
)
FCN_ResNet101_Weights = published(
    "fcn_resnet101", "FCN_ResNet101_Weights", COCO_WITH_VOC_LABELS_V1="fcn_resnet101_coco-7ecb50ca.pth - 520"
)
FCN_ResNet50_Weights = published(
    "fcn_resnet50", "FCN_ResNet50_Weights", COCO_WITH_VOC_LABELS_V1="fcn_resnet50_coco-1167a1af.pth - 520"
)
GoogLeNet_Weights = published(
    "googlenet", "GoogLeNet_Weights", IMAGENET1K_V1="googlenet-1378be20.pth 224 256"
)
Inception_V3_Weights = published(
    "inception_v3", "Inception_V3_Weights", IMAGENET1K_V1="inception_v3_google-0cc3c7bd.pth 299 342"
)
MNASNet0_5_Weights = published(
    "mnasnet0_5", "MNASNet0_5_Weights", IMAGENET1K_V1="mnasnet0.5_top1_67.823-3ffadce67e.pth 224 256"
)
MNASNet0_75_Weights = published(
    "mnasnet0_75", "MNASNet0_75_Weights", IMAGENET1K_V1="mnasnet0_75-7090bc5f.pth 224 232"
)
MNASNet1_0_Weights = published(
    "mnasnet1_0", "MNASNet1_0_Weights", IMAGENET1K_V1="mnasnet1.0_top1_73.512-f206786ef8.pth 224 256"
)
MNASNet1_3_Weights = published(
    "mnasnet1_3", "MNASNet1_3_Weights", IMAGENET1K_V1="mnasnet1_3-a4c69d6f.pth 224 232"
)
MobileNet_V2_Weights = published(
    "mobilenet_v2",
    "MobileNet_V2_Weights",
    IMAGENET1K_V1="mobilenet_v2-b0353104.pth 224 256",
    IMAGENET1K_V2="mobilenet_v2-7ebf99e0.pth 224 232",
)
MobileNet_V3_Large_Weights = published(
    "mobilenet_v3_large",
    "MobileNet_V3_Large_Weights",
    IMAGENET1K_V1="mobilenet_v3_large-8738ca79.pth 224 256",
    IMAGENET1K_V2="mobilenet_v3_large-5c1a4163.pth 224 232",
)
MobileNet_V3_Small_Weights = published(
    "mobilenet_v3_small",
    "MobileNet_V3_Small_Weights",
    IMAGENET1K_V1="mobilenet_v3_small-047dcff4.pth 224 256",
)
RegNet_X_16GF_Weights = published(
    "regnet_x_16gf",
    "RegNet_X_16GF_Weights",
    IMAGENET1K_V1="regnet_x_16gf-2007eb11.pth 224 256",
    IMAGENET1K_V2="regnet_x_16gf-ba3796d7.pth 224 232",
)
RegNet_X_1_6GF_Weights = published(
    "regnet_x_1_6gf",
    "RegNet_X_1_6GF_Weights",
    IMAGENET1K_V1="regnet_x_1_6gf-e3633e7f.pth 224 256",
    IMAGENET1K_V2="regnet_x_1_6gf-a12f2b72.pth 224 232",
)
RegNet_X_32GF_Weights = published(
    "regnet_x_32gf",
    "RegNet_X_32GF_Weights",
    IMAGENET1K_V1="regnet_x_32gf-9d47f8d0.pth 224 256",
    IMAGENET1K_V2="regnet_x_32gf-6eb8fdc6.pth 224 232",
)
RegNet_X_3_2GF_Weights = published(
    "regnet_x_3_2gf",
    "RegNet_X_3_2GF_Weights",
    IMAGENET1K_V1="regnet_x_3_2gf-f342aeae.pth 224 256",
    IMAGENET1K_V2="regnet_x_3_2gf-7071aa85.pth 224 232",
)
RegNet_X_400MF_Weights = published(
    "regnet_x_400mf",
    "RegNet_X_400MF_Weights",
    IMAGENET1K_V1="regnet_x_400mf-adf1edd5.pth 224 256",
    IMAGENET1K_V2="regnet_x_400mf-62229a5f.pth 224 232",
)
RegNet_X_800MF_Weights = published(
    "regnet_x_800mf",
    "RegNet_X_800MF_Weights",
    IMAGENET1K_V1="regnet_x_800mf-ad17e45c.pth 224 256",
    IMAGENET1K_V2="regnet_x_800mf-94a99ebd.pth 224 232",
)
RegNet_X_8GF_Weights = published(
    "regnet_x_8gf",
    "RegNet_X_8GF_Weights",
    IMAGENET1K_V1="regnet_x_8gf-03ceed89.pth 224 256",
    IMAGENET1K_V2="regnet_x_8gf-2b70d774.pth 224 232",
)
RegNet_Y_128GF_Weights = published(
    "regnet_y_128gf",
    "RegNet_Y_128GF_Weights",
    IMAGENET1K_SWAG_E2E_V1="regnet_y_128gf_swag-c8ce3e52.pth 384 384 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="regnet_y_128gf_lc_swag-cbe8ce12.pth 224 224 bicubic",
)
RegNet_Y_16GF_Weights = published(
    "regnet_y_16gf",
    "RegNet_Y_16GF_Weights",
    IMAGENET1K_V1="regnet_y_16gf-9e6ed7dd.pth 224 256",
    IMAGENET1K_V2="regnet_y_16gf-3e4a00f9.pth 224 232",
    IMAGENET1K_SWAG_E2E_V1="regnet_y_16gf_swag-43afe44d.pth 384 384 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="regnet_y_16gf_lc_swag-f3ec0043.pth 224 224 bicubic",
)
RegNet_Y_1_6GF_Weights = published(
    "regnet_y_1_6gf",
    "RegNet_Y_1_6GF_Weights",
    IMAGENET1K_V1="regnet_y_1_6gf-b11a554e.pth 224 256",
    IMAGENET1K_V2="regnet_y_1_6gf-0d7bc02a.pth 224 232",
)
RegNet_Y_32GF_Weights = published(
    "regnet_y_32gf",
    "RegNet_Y_32GF_Weights",
    IMAGENET1K_V1="regnet_y_32gf-4dee3f7a.pth 224 256",
    IMAGENET1K_V2="regnet_y_32gf-8db6d4b5.pth 224 232",
    IMAGENET1K_SWAG_E2E_V1="regnet_y_32gf_swag-04fdfa75.pth 384 384 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="regnet_y_32gf_lc_swag-e1583746.pth 224 224 bicubic",
)
RegNet_Y_3_2GF_Weights = published(
    "regnet_y_3_2gf",
    "RegNet_Y_3_2GF_Weights",
    IMAGENET1K_V1="regnet_y_3_2gf-b5a9779c.pth 224 256",
    IMAGENET1K_V2="regnet_y_3_2gf-9180c971.pth 224 232",
)
RegNet_Y_400MF_Weights = published(
    "regnet_y_400mf",
    "RegNet_Y_400MF_Weights",
    IMAGENET1K_V1="regnet_y_400mf-c65dace8.pth 224 256",
    IMAGENET1K_V2="regnet_y_400mf-e6988f5f.pth 224 232",
)
RegNet_Y_800MF_Weights = published(
    "regnet_y_800mf",
    "RegNet_Y_800MF_Weights",
    IMAGENET1K_V1="regnet_y_800mf-1b27b58c.pth 224 256",
    IMAGENET1K_V2="regnet_y_800mf-58fc7688.pth 224 232",
)
RegNet_Y_8GF_Weights = published(
    "regnet_y_8gf",
    "RegNet_Y_8GF_Weights",
    IMAGENET1K_V1="regnet_y_8gf-d0d0e4a8.pth 224 256",
    IMAGENET1K_V2="regnet_y_8gf-dc2b1b54.pth 224 232",
)
ResNet101_Weights = published(
    "resnet101",
    "ResNet101_Weights",
    IMAGENET1K_V1="resnet101-63fe2227.pth 224 256",
    IMAGENET1K_V2="resnet101-cd907fc2.pth 224 232",
)
ResNet152_Weights = published(
    "resnet152",
    "ResNet152_Weights",
    IMAGENET1K_V1="resnet152-394f9c45.pth 224 256",
    IMAGENET1K_V2="resnet152-f82ba261.pth 224 232",
)
ResNet18_Weights = published("resnet18", "ResNet18_Weights", IMAGENET1K_V1="resnet18-f37072fd.pth 224 256")
ResNet34_Weights = published("resnet34", "ResNet34_Weights", IMAGENET1K_V1="resnet34-b627a593.pth 224 256")
ResNet50_Weights = published(
    "resnet50",
    "ResNet50_Weights",
    IMAGENET1K_V1="resnet50-0676ba61.pth 224 256",
    IMAGENET1K_V2="resnet50-11ad3fa6.pth 224 232",
)
ResNeXt101_32X8D_Weights = published(
    "resnext101_32x8d",
    "ResNeXt101_32X8D_Weights",
    IMAGENET1K_V1="resnext101_32x8d-8ba56ff5.pth 224 256",
    IMAGENET1K_V2="resnext101_32x8d-110c445d.pth 224 232",
)
ResNeXt101_64X4D_Weights = published(
    "resnext101_64x4d", "ResNeXt101_64X4D_Weights", IMAGENET1K_V1="resnext101_64x4d-173b62eb.pth 224 232"
)
ResNeXt50_32X4D_Weights = published(
    "resnext50_32x4d",
    "ResNeXt50_32X4D_Weights",
    IMAGENET1K_V1="resnext50_32x4d-7cdf4587.pth 224 256",
    IMAGENET1K_V2="resnext50_32x4d-1a0047aa.pth 224 232",
)
ShuffleNet_V2_X0_5_Weights = published(
    "shufflenet_v2_x0_5",
    "ShuffleNet_V2_X0_5_Weights",
    IMAGENET1K_V1="shufflenetv2_x0.5-f707e7126e.pth 224 256",
)
ShuffleNet_V2_X1_0_Weights = published(
    "shufflenet_v2_x1_0", "ShuffleNet_V2_X1_0_Weights", IMAGENET1K_V1="shufflenetv2_x1-5666bf0f80.pth 224 256"
)
ShuffleNet_V2_X1_5_Weights = published(
    "shufflenet_v2_x1_5", "ShuffleNet_V2_X1_5_Weights", IMAGENET1K_V1="shufflenetv2_x1_5-3c479a10.pth 224 232"
)
ShuffleNet_V2_X2_0_Weights = published(
    "shufflenet_v2_x2_0", "ShuffleNet_V2_X2_0_Weights", IMAGENET1K_V1="shufflenetv2_x2_0-8be3c8ee.pth 224 232"
)
SqueezeNet1_0_Weights = published(
    "squeezenet1_0", "SqueezeNet1_0_Weights", IMAGENET1K_V1="squeezenet1_0-b66bff10.pth 224 256"
)
SqueezeNet1_1_Weights = published(
    "squeezenet1_1", "SqueezeNet1_1_Weights", IMAGENET1K_V1="squeezenet1_1-b8a52dc0.pth 224 256"
)
Swin_B_Weights = published("swin_b", "Swin_B_Weights", IMAGENET1K_V1="swin_b-68c6b09e.pth 224 238 bicubic")
Swin_S_Weights = published("swin_s", "Swin_S_Weights", IMAGENET1K_V1="swin_s-5e29d889.pth 224 246 bicubic")
Swin_T_Weights = published("swin_t", "Swin_T_Weights", IMAGENET1K_V1="swin_t-704ceda3.pth 224 232 bicubic")
VGG11_BN_Weights = published("vgg11_bn", "VGG11_BN_Weights", IMAGENET1K_V1="vgg11_bn-6002323d.pth 224 256")
VGG11_Weights = published("vgg11", "VGG11_Weights", IMAGENET1K_V1="vgg11-8a719046.pth 224 256")
VGG13_BN_Weights = published("vgg13_bn", "VGG13_BN_Weights", IMAGENET1K_V1="vgg13_bn-abd245e5.pth 224 256")
VGG13_Weights = published("vgg13", "VGG13_Weights", IMAGENET1K_V1="vgg13-19584684.pth 224 256")
VGG16_BN_Weights = published("vgg16_bn", "VGG16_BN_Weights", IMAGENET1K_V1="vgg16_bn-6c64b313.pth 224 256")
VGG16_Weights = published(
    "vgg16",
    "VGG16_Weights",
    IMAGENET1K_V1="vgg16-397923af.pth 224 256",
    IMAGENET1K_FEATURES="vgg16_features-amdegroot-88682ab5.pth 224 256",
)
VGG19_BN_Weights = published("vgg19_bn", "VGG19_BN_Weights", IMAGENET1K_V1="vgg19_bn-c79401a0.pth 224 256")
VGG19_Weights = published("vgg19", "VGG19_Weights", IMAGENET1K_V1="vgg19-dcbb9e9d.pth 224 256")
ViT_B_16_Weights = published(
    "vit_b_16",
    "ViT_B_16_Weights",
    IMAGENET1K_V1="vit_b_16-c867db91.pth 224 256",
    IMAGENET1K_SWAG_E2E_V1="vit_b_16_swag-9ac1b537.pth 384 384 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="vit_b_16_lc_swag-4e70ced5.pth 224 224 bicubic",
)
ViT_B_32_Weights = published("vit_b_32", "ViT_B_32_Weights", IMAGENET1K_V1="vit_b_32-d86f8d99.pth 224 256")
ViT_H_14_Weights = published(
    "vit_h_14",
    "ViT_H_14_Weights",
    IMAGENET1K_SWAG_E2E_V1="vit_h_14_swag-80465313.pth 518 518 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="vit_h_14_lc_swag-c1eb923e.pth 224 224 bicubic",
)
ViT_L_16_Weights = published(
    "vit_l_16",
    "ViT_L_16_Weights",
    IMAGENET1K_V1="vit_l_16-852ce7e3.pth 224 242",
    IMAGENET1K_SWAG_E2E_V1="vit_l_16_swag-4f3808c9.pth 512 512 bicubic",
    IMAGENET1K_SWAG_LINEAR_V1="vit_l_16_lc_swag-4d563306.pth 224 224 bicubic",
)
ViT_L_32_Weights = published("vit_l_32", "ViT_L_32_Weights", IMAGENET1K_V1="vit_l_32-c7638314.pth 224 256")
Wide_ResNet101_2_Weights = published(
    "wide_resnet101_2",
    "Wide_ResNet101_2_Weights",
    IMAGENET1K_V1="wide_resnet101_2-32ee1156.pth 224 256",
    IMAGENET1K_V2="wide_resnet101_2-d733dc28.pth 224 232",
)
Wide_ResNet50_2_Weights = published(
    "wide_resnet50_2",
    "Wide_ResNet50_2_Weights",
    IMAGENET1K_V1="wide_resnet50_2-95faca4d.pth 224 256",
    IMAGENET1K_V2="wide_resnet50_2-9ba9bcbe.pth 224 232",
)
