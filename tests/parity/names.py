"""The names of the API, as they are reached from `torch`. This list is what "nothing is missing" means."""

FUNCTIONS = """
abs acos acosh add addcdiv addcmul addmm addmv all allclose amax amin any argmax argmin argsort asin asinh atan atan2
atanh baddbmm bmm broadcast_to cat cdist ceil chunk clamp clamp_max clamp_min clone column_stack contiguous cos cosh
count_nonzero cummax cumprod cumsum diag diag_embed diagonal diff dist div dot dstack einsum eq erf exp exp2 expand
expand_as expm1 eye fill flatten flip floor floor_divide fmod full full_like gather ge gt hstack index_add index_fill
index_select isclose isfinite isinf isnan kron kthvalue le lerp linspace log log10 log1p log2 log_softmax logaddexp
logcumsumexp logical_and logical_not logical_or logical_xor logit logsumexp lt masked_fill masked_select matmul max
maximum mean median meshgrid min minimum mm movedim msort mul mv nan_to_num nanmean nansum narrow ne neg new_full
new_ones new_zeros nonzero norm ones ones_like outer permute pow prod quantile ravel reciprocal remainder repeat
repeat_interleave reshape reshape_as roll rot90 round rsqrt scatter scatter_add select sigmoid sign sin sinc sinh
softmax sort split split_with_sizes sqrt square squeeze stack std std_mean sub sum sum_to_size t take take_along_dim
tan tanh tensor_split tensordot tile topk trace transpose trapezoid tril triu true_divide trunc unbind unflatten unique
unsqueeze var var_mean vdot view view_as vstack where xlogy zeros zeros_like
""".split()

CREATION = """
tensor as_tensor from_numpy empty arange logspace rand randn randint randperm normal bernoulli multinomial
rand_like randn_like randint_like empty_like tril_indices triu_indices FloatTensor LongTensor DoubleTensor IntTensor
BoolTensor ByteTensor
""".split()

TENSOR = """
shape dtype device requires_grad grad grad_fn is_leaf data T mT ndim numpy item tolist detach clone requires_grad_
retain_grad register_hook backward to cpu cuda float double half long int bool type type_as size dim numel stride
is_contiguous contiguous element_size new_zeros new_ones new_full new_empty new_tensor add_ sub_ mul_ div_ pow_ copy_
zero_ fill_ clamp_ normal_ uniform_ masked_fill_ detach_ exponential_ random_ bernoulli_ index_add_ index_copy_
index_fill_ scatter_ scatter_add_ squeeze_ unsqueeze_ t_ transpose_ addcmul_ addcdiv_ lerp_ relu_ sigmoid_ tanh_ exp_
sqrt_ rsqrt_ neg_ abs_ round_ floor_ trunc_ tril_ triu_ byte short char is_floating_point data_ptr nelement ndimension
__len__ __iter__ __bool__ __int__ __float__ __index__ __contains__ __array__ __getitem__ __setitem__ __add__ __radd__
__iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ __truediv__ __rtruediv__ __itruediv__ __floordiv__
__rfloordiv__ __ifloordiv__ __mod__ __rmod__ __imod__ __pow__ __rpow__ __ipow__ __matmul__ __rmatmul__ __eq__ __ne__
__lt__ __le__ __gt__ __ge__ __and__ __rand__ __iand__ __or__ __ror__ __ior__ __xor__ __rxor__ __ixor__ __invert__
__neg__ __pos__ __abs__ __hash__ __repr__ __format__ __deepcopy__
""".split()

AUTOGRAD = """
no_grad enable_grad inference_mode set_grad_enabled is_grad_enabled autograd.grad autograd.backward autograd.Function
autograd.functional.jacobian autograd.functional.hessian autograd.functional.vjp autograd.functional.jvp
autograd.gradcheck autograd.gradgradcheck autograd.detect_anomaly autograd.set_detect_anomaly
utils.checkpoint.checkpoint
""".split()

LINALG = "cholesky det inv norm matrix_norm vector_norm slogdet solve svdvals eigh qr".split()

FUNCTIONAL = """
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool2d avg_pool1d avg_pool2d batch_norm bilinear
binary_cross_entropy binary_cross_entropy_with_logits celu conv1d conv2d conv3d conv_transpose1d conv_transpose2d
cosine_embedding_loss cosine_similarity cross_entropy elu embedding gaussian_nll_loss gelu glu group_norm hardshrink
hardsigmoid hardswish hardtanh hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm
leaky_relu linear local_response_norm logsigmoid margin_ranking_loss max_pool1d max_pool2d mish mse_loss nll_loss
normalize pad pairwise_distance pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6 rms_norm
scaled_dot_product_attention selu silu smooth_l1_loss soft_margin_loss softmin softplus softshrink softsign tanhshrink
threshold triplet_margin_loss unfold grid_sample upsample_nearest upsample_bilinear ctc_loss multi_margin_loss one_hot
dropout dropout2d fold multi_head_attention_forward softmax log_softmax sigmoid tanh
""".split()

NN = """
Module Parameter Buffer Sequential ModuleList ModuleDict ParameterList Identity Flatten Unflatten Linear Bilinear
Embedding EmbeddingBag Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d MaxPool1d MaxPool2d AvgPool1d AvgPool2d
AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d Upsample PixelShuffle PixelUnshuffle ReflectionPad2d
ReplicationPad2d ZeroPad2d ConstantPad2d Fold Unfold BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm GroupNorm
InstanceNorm1d InstanceNorm2d LocalResponseNorm RMSNorm Dropout Dropout1d Dropout2d AlphaDropout
CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU ReLU ReLU6 SELU
SiLU Sigmoid Softmax Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold
L1Loss MSELoss CrossEntropyLoss NLLLoss PoissonNLLLoss GaussianNLLLoss KLDivLoss BCELoss BCEWithLogitsLoss
MarginRankingLoss HingeEmbeddingLoss HuberLoss SmoothL1Loss SoftMarginLoss CosineEmbeddingLoss TripletMarginLoss
CTCLoss MultiMarginLoss CosineSimilarity PairwiseDistance
RNN LSTM GRU RNNCell LSTMCell GRUCell MultiheadAttention TransformerEncoderLayer TransformerEncoder
TransformerDecoderLayer TransformerDecoder Transformer
""".split()

INIT = """
calculate_gain uniform_ normal_ trunc_normal_ constant_ ones_ zeros_ eye_ dirac_ xavier_uniform_ xavier_normal_
kaiming_uniform_ kaiming_normal_ orthogonal_ sparse_
""".split()

UTILS = """
clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters rnn.PackedSequence rnn.pack_padded_sequence
rnn.pad_packed_sequence rnn.pad_sequence rnn.pack_sequence rnn.unpad_sequence parametrizations.weight_norm
parametrizations.spectral_norm
""".split()

MODULE = """
parameters named_parameters children named_children modules named_modules buffers named_buffers register_buffer
register_parameter register_module add_module get_submodule get_parameter state_dict load_state_dict train eval
training to cpu cuda float double half type apply zero_grad requires_grad_ register_forward_hook
register_forward_pre_hook register_full_backward_hook extra_repr forward
""".split()

OPTIM = "Optimizer SGD Adam AdamW NAdam RAdam RMSprop Adagrad Adadelta Adamax LBFGS".split()

SCHEDULERS = """
LRScheduler LambdaLR MultiplicativeLR StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR
CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR OneCycleLR ReduceLROnPlateau SequentialLR ChainedScheduler
""".split()

DATA = """
Dataset IterableDataset TensorDataset ConcatDataset Subset random_split DataLoader Sampler RandomSampler
SequentialSampler WeightedRandomSampler BatchSampler default_collate get_worker_info
""".split()

DISTRIBUTIONS = """
Distribution Normal Categorical Bernoulli Uniform MultivariateNormal Independent kl_divergence
""".split()

REST = """
Tensor Size save load manual_seed Generator get_default_dtype set_default_dtype set_num_threads get_num_threads
cuda.is_available cuda.device_count cuda.manual_seed cuda.manual_seed_all device finfo iinfo set_printoptions
amp.autocast amp.GradScaler utils.tensorboard.SummaryWriter is_tensor is_floating_point numel
float32 float64 float16 int8 int16 int32 int64 uint8 bool complex64 complex128 float double half long int short
strided preserve_format contiguous_format __version__ pi inf nan e
""".split()


# Beyond what is promised: held against PyTorch's own samples all the same (opinfo.py).
FURTHER = """
geqrf gradient histogram igamma igammac lu_solve lu_unpack ormqr put
linalg.cholesky_ex linalg.householder_product linalg.inv_ex linalg.ldl_factor linalg.ldl_factor_ex linalg.ldl_solve
linalg.lu linalg.lu_factor linalg.lu_factor_ex linalg.lu_solve linalg.solve_ex linalg.tensorinv linalg.tensorsolve
linalg.vander
special.airy_ai special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1 special.chebyshev_polynomial_t
special.chebyshev_polynomial_u special.chebyshev_polynomial_v special.chebyshev_polynomial_w special.entr special.erfcx
special.hermite_polynomial_h special.hermite_polynomial_he special.i0e special.i1e special.laguerre_polynomial_l
special.legendre_polynomial_p special.log_ndtr special.modified_bessel_k0 special.modified_bessel_k1 special.ndtri
special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1 special.shifted_chebyshev_polynomial_t
special.shifted_chebyshev_polynomial_u special.shifted_chebyshev_polynomial_v special.shifted_chebyshev_polynomial_w
special.spherical_bessel_j0 special.xlog1py special.zeta
""".split()


def all_names() -> list[str]:
    """Every name as a dotted path under the library."""
    groups = [
        ("", FUNCTIONS + CREATION + AUTOGRAD + REST),
        ("Tensor.", TENSOR),
        ("linalg.", LINALG),
        ("nn.functional.", FUNCTIONAL),
        ("nn.", NN),
        ("nn.init.", INIT),
        ("nn.utils.", UTILS),
        ("nn.Module.", [name for name in MODULE if name != "training"]),
        ("optim.", OPTIM),
        ("optim.lr_scheduler.", SCHEDULERS),
        ("utils.data.", DATA),
        ("distributions.", DISTRIBUTIONS),
    ]
    return [prefix + name for prefix, names in groups for name in names]
