"""Snippets about making tensors, asking them things and printing them."""

from tests.parity.snippets import blocks, lines

CREATION = lines("""
torch.tensor([1, 2, 3])
torch.tensor([1.0, 2, 3])
torch.tensor([[1, 2], [3, 4]], dtype=torch.float64)
torch.tensor(3)
torch.tensor(3.5)
torch.tensor(True)
torch.tensor([True, False])
torch.tensor([])
torch.tensor([[]])
torch.tensor([1, 2.5, True])
torch.tensor(1 + 2j)
torch.tensor([[1], [2, 3]])
torch.tensor("x")
torch.tensor(None)
torch.tensor([None])
torch.tensor(np.arange(3))
torch.tensor(np.arange(3, dtype=np.float32))
torch.tensor(np.float32(2))
torch.tensor(np.int32(2))
torch.tensor([np.float64(1), np.float64(2)])
torch.tensor([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
torch.tensor([np.float32(1), 2])
torch.tensor([torch.tensor(1), torch.tensor(2)])
torch.tensor([torch.tensor(1.5), 2])
torch.tensor(torch.ones(2))
torch.tensor(range(4))
torch.tensor((1, 2))
torch.tensor([1, 2], dtype=torch.float32, requires_grad=True)
torch.tensor([1, 2], requires_grad=True)
torch.tensor([1.5, -2.5], dtype=torch.int64)
torch.tensor([0, 2], dtype=torch.bool)
torch.tensor(2**40)
torch.tensor([1.0], device="cpu")
torch.tensor([1.0], device=torch.device("cpu"))
torch.tensor(data=[1])
torch.as_tensor([1, 2])
torch.as_tensor(np.arange(3.0))
torch.as_tensor(np.arange(3.0), dtype=torch.float32)
torch.as_tensor(torch.ones(2)).sum()
torch.from_numpy(np.arange(3))
torch.from_numpy(np.arange(3.0))
torch.from_numpy(np.array(2.0))
torch.from_numpy([1, 2])
torch.zeros(3)
torch.zeros(2, 3)
torch.zeros((2, 3))
torch.zeros([2, 3], dtype=torch.int64)
torch.zeros(())
torch.zeros(0)
torch.zeros(2, 0, 3).shape
torch.zeros(torch.Size([2, 3]))
torch.zeros(size=(2,))
torch.zeros(*[2, 2], dtype=torch.bool)
torch.zeros(torch.tensor(3))
torch.zeros(-1)
torch.zeros(2.5)
torch.zeros(2, requires_grad=True)
torch.ones(2, 3)
torch.ones(2, dtype=torch.long)
torch.ones(2, dtype=int)
torch.ones(2, dtype=float)
torch.ones(2, dtype=bool)
torch.full((2, 3), 7)
torch.full((2, 3), 7.5)
torch.full((2,), True)
torch.full((2,), 7, dtype=torch.float32)
torch.full([2], float("-inf"))
torch.full(size=(2,), fill_value=1.0)
torch.full((), 3.0)
torch.full((2,), torch.tensor(3.0))
torch.empty(2, 3).shape
torch.empty((2, 3), dtype=torch.float64).dtype
torch.empty(0)
torch.arange(5)
torch.arange(5.0)
torch.arange(1, 5)
torch.arange(1, 5, 2)
torch.arange(0, 1, 0.25)
torch.arange(5, 0, -1)
torch.arange(5, dtype=torch.float32)
torch.arange(1, 2.5)
torch.arange(start=1, end=4)
torch.arange(end=4)
torch.arange(0)
torch.arange(3, 1)
torch.arange(0, 5, 0)
torch.arange(1, 10, step=3)
torch.arange(torch.tensor(3))
torch.arange(0, 10, 3, dtype=torch.float64)
torch.arange(0.5, 3)
torch.linspace(0, 1, 5)
torch.linspace(0, 1, steps=5)
torch.linspace(-1, 1, 1)
torch.linspace(0, 10, 0)
torch.linspace(1, 0, 3, dtype=torch.float64)
torch.linspace(start=0, end=4, steps=5)
torch.linspace(0, 10, 4, dtype=torch.int64)
torch.linspace(0, 1)
torch.linspace(0, 1, -1)
torch.logspace(0, 2, 3)
torch.logspace(0, 2, steps=3, base=2)
torch.logspace(-2, 2, 5, dtype=torch.float64)
torch.eye(3)
torch.eye(2, 3)
torch.eye(2, dtype=torch.int64)
torch.eye(n=2, m=1)
torch.eye(0)
torch.tril_indices(3, 3)
torch.tril_indices(3, 4, -1)
torch.triu_indices(3, 3, offset=1)
torch.triu_indices(2, 4)
torch.tril_indices(row=2, col=2, offset=0)
torch.zeros_like(torch.ones(2, 3))
torch.zeros_like(torch.ones(2, dtype=torch.int64))
torch.zeros_like(torch.ones(2), dtype=torch.bool)
torch.ones_like(torch.zeros(2, 3))
torch.ones_like(torch.zeros(2), dtype=torch.long, device="cpu")
torch.ones_like(torch.zeros(2), requires_grad=True)
torch.full_like(torch.zeros(2), 3)
torch.full_like(torch.zeros(2, dtype=torch.int64), 3.7)
torch.full_like(torch.zeros(2), fill_value=1, dtype=torch.int64)
torch.empty_like(torch.zeros(2, 3)).shape
torch.rand_like(torch.zeros(2, 3)).shape
torch.randn_like(torch.zeros(2, 3, dtype=torch.float64)).dtype
torch.randint_like(torch.zeros(2, 3), 5).dtype
torch.randint_like(torch.zeros(4, 3), 2, 3)
torch.zeros_like(torch.ones(3, 2).t()).stride()
torch.zeros_like(3)
torch.FloatTensor([1, 2])
torch.FloatTensor(2, 3).shape
torch.FloatTensor([[1, 2], [3, 4]])
torch.LongTensor([1, 2])
torch.LongTensor(2).shape
torch.LongTensor(np.array([1, 2]))
torch.DoubleTensor([1]).dtype
torch.IntTensor([1]).dtype
torch.BoolTensor([True]).dtype
torch.ByteTensor([1]).dtype
torch.FloatTensor(np.ones((2, 2), dtype=np.float32))
torch.Tensor([1, 2])
torch.Tensor(2, 3).shape
torch.Tensor(3).shape
torch.Tensor([[1, 2], [3, 4]]).dtype
torch.Tensor().shape
torch.Tensor(np.zeros((2, 2)))
torch.FloatTensor().shape
torch.ones(2, 3).new_zeros(2)
torch.ones(2, 3).new_zeros((2, 2))
torch.ones(2, 3).new_zeros(2, dtype=torch.int64)
torch.ones(2, dtype=torch.int64).new_ones(3)
torch.ones(2).new_full((2, 2), 3)
torch.ones(2, dtype=torch.int64).new_full((2,), 3.0)
torch.ones(2).new_tensor([1, 2])
torch.ones(2, dtype=torch.int64).new_tensor([1.0, 2.0])
torch.ones(2).new_empty(2, 3).shape
torch.ones(2).new([1.0, 2.0])
torch.ones(2).new(2, 3).shape
torch.clone(torch.ones(2))
torch.complex(torch.ones(2), torch.zeros(2)).dtype
torch.scalar_tensor(2.0)
torch.asarray([1, 2])
torch.asarray(np.ones(2))
""")

RANDOM = lines("""
torch.rand(2, 3).shape
torch.rand((2, 3)).dtype
torch.rand(3, dtype=torch.float64).dtype
torch.rand(3, requires_grad=True).requires_grad
torch.rand(()).shape
torch.rand(2, 3, generator=torch.Generator().manual_seed(1)).shape
torch.rand(size=(2,)).shape
torch.randn(2, 3).shape
torch.randn((4,)).dtype
torch.randn(2, device="cpu").shape
torch.randint(5, (3,)).dtype
torch.randint(2, 5, (3,)).shape
torch.randint(0, 2, (3, 3), dtype=torch.float32).dtype
torch.randint(low=3, high=4, size=(2,))
torch.randint(3, 3, (2,))
torch.randint(1, (2,), generator=torch.Generator())
torch.randperm(5).sort().values
torch.randperm(5, dtype=torch.int32).dtype
torch.randperm(0)
torch.normal(0.0, 1.0, (2, 3)).shape
torch.normal(0.0, 1.0, size=(2,)).dtype
torch.normal(torch.zeros(3), torch.ones(3)).shape
torch.normal(torch.zeros(3), 1.0).shape
torch.normal(mean=0.0, std=torch.ones(3)).shape
torch.normal(torch.arange(3.0), torch.zeros(3))
torch.normal(0.0, -1.0, (2,))
torch.bernoulli(torch.tensor([0.0, 1.0]))
torch.bernoulli(torch.full((3,), 0.5)).dtype
torch.bernoulli(torch.ones(2, 2), 0.0)
torch.bernoulli(torch.tensor([1.5]))
torch.ones(3).bernoulli().dtype
torch.multinomial(torch.tensor([0.0, 1.0, 0.0]), 1)
torch.multinomial(torch.ones(4), 4).sort().values
torch.multinomial(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), 1)
torch.multinomial(torch.tensor([0.0, 3.0]), 5, replacement=True)
torch.multinomial(torch.ones(2), 3)
torch.multinomial(torch.ones(2, 3), num_samples=2).shape
torch.multinomial(torch.tensor([-1.0, 1.0]), 1)
torch.ones(3).multinomial(2).dtype
torch.zeros(3).uniform_(2, 2)
torch.zeros(2, 3).uniform_().shape
torch.zeros(3).normal_(4, 0)
torch.zeros(2).normal_(mean=1.0, std=0.0)
torch.zeros(3).random_(0, 1)
torch.zeros(3).random_(5).dtype
torch.zeros(3, dtype=torch.int64).random_(2, 3)
torch.zeros(3).exponential_().shape
torch.zeros(3).bernoulli_(1.0)
torch.zeros(3).bernoulli_(0.0)
torch.manual_seed(3) is not None
(torch.manual_seed(0), torch.rand(3))[1].equal((torch.manual_seed(0), torch.rand(3))[1])
(lambda g: torch.randn(3, generator=g.manual_seed(5)).equal(torch.randn(3, generator=g.manual_seed(5))))(torch.Generator())
(lambda s: (torch.rand(2), torch.set_rng_state(s), torch.rand(2)))(torch.get_rng_state())[1]
torch.Generator().initial_seed() is not None
torch.Generator(device="cpu").manual_seed(3).initial_seed()
0.0 <= float(torch.rand(1000).min()) and float(torch.rand(1000).max()) < 1.0
abs(float(torch.randn(4000).mean())) < 0.1 and abs(float(torch.randn(4000).std()) - 1) < 0.1
abs(float(torch.rand(4000).mean()) - 0.5) < 0.05
sorted(torch.randint(0, 3, (200,)).unique().tolist())
abs(float(torch.zeros(4000).exponential_(2.0).mean()) - 0.5) < 0.1
""")

ATTRIBUTES = lines("""
torch.ones(2, 3).shape
torch.ones(2, 3).size()
torch.ones(2, 3).size(0)
torch.ones(2, 3).size(-1)
torch.ones(2, 3).size(dim=1)
torch.ones(2, 3).size(2)
torch.ones(2, 3).shape[1]
torch.ones(2, 3).shape[:1]
type(torch.ones(2, 3).shape) is torch.Size
isinstance(torch.ones(2).shape, tuple)
torch.ones(2, 3).shape == (2, 3)
torch.ones(2, 3).shape.numel()
torch.Size([2, 3]).numel()
repr(torch.ones(2, 3).shape)
str(torch.Size([]))
repr(torch.Size([1]) + (2,))
torch.ones(2, 3).shape + (4,)
torch.Size((2, 3)) + torch.Size((4,))
torch.ones(2, 3).dim()
torch.ones(2, 3).ndim
torch.ones(2, 3).ndimension()
torch.ones(2, 3).numel()
torch.ones(2, 3).nelement()
torch.numel(torch.ones(2, 3))
len(torch.ones(2, 3))
len(torch.tensor(1))
torch.ones(2).dtype
torch.ones(2).dtype == torch.float32
torch.float is torch.float32
torch.long is torch.int64
str(torch.float32)
repr(torch.ones(2, dtype=torch.int8).dtype)
torch.float64.is_floating_point
torch.int64.is_floating_point
torch.complex64.is_complex
torch.float32.itemsize
torch.half, torch.short, torch.int, torch.double, torch.uint8, torch.bool, torch.int16, torch.cfloat
torch.ones(2).device
str(torch.ones(2).device)
torch.ones(2).device.type
torch.ones(2).device.index
torch.ones(2).device == torch.device("cpu")
torch.device("cuda:1").index
torch.device("cuda", 0)
repr(torch.device("cpu"))
torch.device("cuda" if torch.cuda.is_available() else "cpu").type
torch.device("wrong")
torch.ones(2).is_cuda
torch.ones(2).layout
torch.ones(2).requires_grad
torch.ones(2).grad
torch.ones(2).grad_fn
torch.ones(2).is_leaf
(torch.ones(2, requires_grad=True) * 2).is_leaf
(torch.ones(2, requires_grad=True) * 2).grad_fn is not None
torch.ones(2).data
torch.ones(2, requires_grad=True).data
torch.arange(6).reshape(2, 3).T
torch.arange(24).reshape(2, 3, 4).mT
torch.arange(6).reshape(2, 3).mT
torch.ones(3).T
torch.ones(3).mT
torch.arange(24).reshape(2, 3, 4).T.shape
torch.arange(4.0).reshape(2, 2).H
torch.ones(2, 3).stride()
torch.ones(2, 3).stride(0)
torch.ones(2, 3, 4).transpose(0, 2).stride()
torch.zeros(0, 3).stride()
torch.ones(2, 1, 3)[:, :, 1].stride()
torch.ones(3, 1).expand(3, 4).stride()
torch.ones(4, 6)[::2, 1::3].stride()
torch.ones(2, 3).is_contiguous()
torch.ones(2, 3).t().is_contiguous()
torch.ones(2, 3).t().contiguous().stride()
torch.ones(2, 3)[:, 1].is_contiguous()
torch.ones(2, 3).storage_offset()
torch.ones(2, 3)[1:].storage_offset()
torch.ones(2).element_size()
torch.ones(2, dtype=torch.float64).element_size()
torch.ones(2, dtype=torch.bool).itemsize
torch.ones(2, 3).nbytes
torch.ones(2).is_floating_point()
torch.ones(2, dtype=torch.int64).is_floating_point()
torch.is_floating_point(torch.ones(2))
torch.is_tensor(torch.ones(2)), torch.is_tensor(np.ones(2)), torch.is_tensor(3)
isinstance(torch.ones(2), torch.Tensor)
isinstance(nn.Parameter(torch.ones(2)), torch.Tensor)
isinstance(torch.ones(2), torch.FloatTensor), isinstance(torch.ones(2).long(), torch.LongTensor)
torch.ones(2).type()
torch.ones(2, dtype=torch.int64).type()
torch.ones(2).type(torch.int64)
torch.ones(2).type("torch.DoubleTensor").dtype
torch.ones(2).type(torch.LongTensor)
torch.ones(2).type_as(torch.ones(1, dtype=torch.int64))
torch.ones(2).is_complex(), torch.is_complex(torch.ones(2))
torch.ones(2).share_memory_()
torch.tensor([1.0 + 2j]).real, torch.tensor([1.0 + 2j]).imag
torch.finfo(torch.float32).eps
torch.finfo(torch.float32).max
torch.finfo(torch.float32).min
torch.finfo(torch.float32).tiny
torch.finfo(torch.float16).max
torch.finfo(torch.float64).eps
torch.finfo(torch.float32).bits
torch.finfo().eps
torch.iinfo(torch.int64).max
torch.iinfo(torch.int8).min
torch.iinfo(torch.uint8).max
torch.iinfo(torch.int32).bits
torch.finfo(torch.int64)
torch.get_default_dtype()
torch.get_num_threads() > 0
torch.cuda.is_available() in (True, False)
torch.cuda.device_count() >= 0
torch.backends.mps.is_available()
torch.backends.cudnn.is_available() in (True, False)
torch.promote_types(torch.int32, torch.float32)
torch.promote_types(torch.uint8, torch.int8)
torch.result_type(torch.ones(2), 1)
torch.broadcast_shapes((2, 1), (3,))
torch.is_grad_enabled()
torch.pi, torch.e, torch.inf
torch.strided
isinstance(torch.__version__, str)
torch.ones(2)._version
""")

CONVERSION = lines("""
torch.tensor(3).item()
torch.tensor(2.5).item()
torch.tensor(True).item()
torch.tensor([2.5]).item()
torch.ones(2).item()
torch.tensor([[1, 2], [3, 4]]).tolist()
torch.tensor(2.5).tolist()
torch.tensor([]).tolist()
torch.tensor([True, False]).tolist()
torch.ones(2, 0).tolist()
torch.ones(2).numpy()
torch.arange(4).numpy()
torch.ones(2, requires_grad=True).numpy()
torch.ones(2, requires_grad=True).detach().numpy()
torch.ones(2, requires_grad=True).detach().cpu().numpy()
np.asarray(torch.ones(2))
np.array(torch.arange(3))
np.array(torch.ones(2), dtype=np.float64)
np.sum(torch.arange(4).numpy())
np.mean([torch.tensor(1.0), torch.tensor(3.0)])
float(torch.tensor(2.5))
int(torch.tensor(2.7))
int(torch.tensor([3]))
bool(torch.tensor(0))
bool(torch.tensor([1.0]))
bool(torch.ones(2))
bool(torch.tensor([]))
float(torch.ones(2))
complex(torch.tensor(1.0))
[10, 20, 30][torch.tensor(1)]
list(range(5))[torch.tensor(1):torch.tensor(3)]
range(torch.tensor(3))
math.sqrt(torch.tensor(4.0))
math.floor(torch.tensor(2.5))
max(torch.tensor([1, 5, 2]))
sum(torch.tensor([1, 5, 2]))
list(torch.arange(3))
tuple(torch.arange(2))
[int(i) for i in torch.arange(3)]
sorted(torch.tensor([3, 1, 2]).tolist())
dict(zip("ab", torch.arange(2)))
3 in torch.arange(5)
7 in torch.arange(5)
a if (a := torch.tensor(1)) else 0
x if (x := torch.ones(1)) > 0 else 0
[v.item() for v in torch.ones(2, 2).unbind()[0]]
f"{torch.tensor(2.5):.3f}"
f"{torch.tensor(2.5)}"
f"{torch.tensor([1, 2])}"
"{:.2f}".format(torch.tensor(1.0))
"%.2f" % torch.tensor(1.5)
f"{torch.tensor(3):3d}"
f"{torch.ones(2):.2f}"
torch.ones(2).float().dtype
torch.ones(2).double().dtype
torch.ones(2).half().dtype
torch.ones(2).long().dtype
torch.ones(2).int().dtype
torch.ones(2).short().dtype
torch.ones(2).char().dtype
torch.ones(2).byte().dtype
torch.tensor([0.0, 2.0]).bool()
torch.tensor([1.7, -1.7]).long()
torch.tensor([1.7, -1.7]).int()
torch.tensor([300]).to(torch.uint8)
torch.tensor([-1]).to(torch.uint8)
torch.ones(2).to(torch.float64).dtype
torch.ones(2).to("cpu").dtype
torch.ones(2).to(torch.device("cpu"), torch.float64).dtype
torch.ones(2).to("cpu", torch.float64, non_blocking=True).dtype
torch.ones(2).to(device="cpu", dtype=torch.int64)
torch.ones(2).to(dtype=torch.bool)
torch.ones(2).to(torch.ones(1, dtype=torch.int64)).dtype
torch.ones(2).to(device="cpu", non_blocking=True).device.type
(x := torch.ones(2)).to(torch.float32) is x
(x := torch.ones(2)).float() is x
(x := torch.ones(2)).to(torch.float32, copy=True) is x
(x := torch.ones(2)).cpu() is x
(x := torch.ones(2)).contiguous() is x
(x := torch.ones(2)).requires_grad_() is x
torch.ones(2).cuda() if torch.cuda.is_available() else torch.ones(2)
torch.ones(2, requires_grad=True).double().requires_grad
hash(torch.ones(2)) is not None
len({torch.ones(1), torch.ones(1)})
(x := torch.ones(2)) in [x]
torch.ones(2) == torch.ones(2)
torch.equal(torch.ones(2), torch.ones(2))
torch.equal(torch.ones(2), torch.ones(3))
torch.ones(2).equal(torch.zeros(2))
copy.copy(torch.ones(2))
copy.deepcopy(torch.ones(2, requires_grad=True))
copy.deepcopy(torch.ones(2, requires_grad=True) * 2)
pickle.loads(pickle.dumps(torch.arange(3)))
torch.ones(2) + np.ones(2)
torch.ones(2) * np.float64(2)
np.float64(2) * torch.ones(2)
np.float32(2) + torch.ones(2)
torch.arange(3) * np.int64(2)
torch.ones(2) + True
torch.ones(2) / math.pi
torch.ones(2).add(torch.tensor(2))
torch.tensor(3) // 2
torch.tensor(7) % 3
-torch.tensor(7) // 2
2 ** torch.tensor(3)
2 ** torch.tensor(-1.0)
torch.tensor(2) ** -1
torch.tensor([1, 2]) ** 2.0
torch.tensor([1, 2]) / 2
torch.tensor([True]) + 1
torch.tensor([1], dtype=torch.uint8) + 255
torch.tensor([1], dtype=torch.uint8) - 2
torch.tensor([100], dtype=torch.int8) * 2
1 - torch.tensor([True, False]).float()
~torch.tensor([True, False])
torch.tensor([1, 2]).eq(2).sum()
(torch.arange(4) == 2).float().mean()
(torch.arange(4) % 2 == 0) & (torch.arange(4) > 1)
torch.tensor([1.0]).lt(2).all().item()
torch.ones(3).sum() == 3
torch.tensor(5).bool() or False
""")

REPR = lines("""
repr(torch.tensor([1, 2, 3]))
repr(torch.tensor([1.0, 2.0]))
repr(torch.tensor([1.5, -2.25]))
repr(torch.tensor(3))
repr(torch.tensor(3.0))
repr(torch.tensor(0.1))
repr(torch.tensor([]))
repr(torch.tensor([[]]))
repr(torch.zeros(2, 0, 3))
repr(torch.tensor([True, False]))
repr(torch.tensor(True))
repr(torch.tensor([[1, 2], [3, 4]]))
repr(torch.arange(24).reshape(2, 3, 4))
repr(torch.arange(24.0).reshape(2, 3, 4))
repr(torch.tensor([1.0], dtype=torch.float64))
repr(torch.tensor([1], dtype=torch.int32))
repr(torch.tensor([1], dtype=torch.uint8))
repr(torch.tensor([1.0]).half())
repr(torch.ones(2, requires_grad=True))
repr(torch.ones(2, dtype=torch.float64, requires_grad=True))
repr(torch.tensor([1e-8, 1.0]))
repr(torch.tensor([1e8, 1.0]))
repr(torch.tensor([1e5, 1.5]))
repr(torch.tensor([123456.789]))
repr(torch.tensor([0.00001]))
repr(torch.tensor([100000.0, 1.0]))
repr(torch.tensor([1e10]))
repr(torch.tensor([float("inf"), 1.0]))
repr(torch.tensor([float("nan"), -1.0]))
repr(torch.tensor([float("inf"), float("-inf")]))
repr(torch.tensor([-1.0, 10.0, 100.5]))
repr(torch.tensor([1, -10, 100]))
repr(torch.arange(1001))
repr(torch.arange(2000.0))
repr(torch.zeros(50, 50))
repr(torch.zeros(1, 2000))
repr(torch.arange(30))
repr(torch.arange(40.0))
repr(torch.linspace(0, 1, 11))
repr(torch.linspace(0, 1000, 7))
repr(torch.tensor([1 + 2j]))
repr(torch.tensor([1 / 3, 2 / 3]))
repr(torch.tensor(1 / 3, dtype=torch.float64))
repr(torch.tensor([-0.0, 0.0]))
repr(torch.tensor([[-1.5, 2], [300, 4]]))
repr(torch.arange(8).reshape(2, 2, 2))
repr(torch.ones(1, 1, 1, 1))
repr(nn.Parameter(torch.ones(2)))
repr(nn.Parameter(torch.ones(2, 2), requires_grad=False))
str(torch.tensor([1.5]))
str(torch.zeros(3, 3))
repr([torch.tensor(1), torch.tensor(2.0)])
repr(torch.max(torch.tensor([[1.0, 2.0]]), 1))
repr(torch.sort(torch.tensor([2, 1])))
repr(torch.finfo(torch.float32))
repr(torch.iinfo(torch.int8))
repr(torch.float16), str(torch.int64)
repr(torch.ones(2, device="cpu"))
repr(torch.tensor(2.0, requires_grad=True))
repr(torch.ones(3, requires_grad=True) * 2)
repr((torch.ones(3, requires_grad=True) * 2).sum())
repr(torch.ones(2, requires_grad=True) + 1)
repr(torch.ones(2, requires_grad=True).mean())
repr(torch.ones(2, 2, requires_grad=True) @ torch.ones(2, 2))
repr(torch.ones(2, requires_grad=True).exp())
repr(torch.ones(2, requires_grad=True).view(1, 2))
""")

PROGRAMS = blocks("""
# print options
torch.set_printoptions(precision=2)
text = repr(torch.tensor([1.23456, 2.0]))
torch.set_printoptions(profile="default")
text

# print options threshold
torch.set_printoptions(threshold=5, edgeitems=1)
text = repr(torch.arange(10))
torch.set_printoptions(profile="default")
text

# print options sci_mode
torch.set_printoptions(sci_mode=False)
text = repr(torch.tensor([1e-8, 1.0]))
torch.set_printoptions(profile="default")
text

# default dtype
torch.set_default_dtype(torch.float64)
seen = [torch.ones(2).dtype, torch.tensor([1.0]).dtype, torch.arange(2.0).dtype, (torch.arange(2) / 2).dtype,
        nn.Linear(2, 2).weight.dtype, torch.randn(2).dtype, torch.get_default_dtype(), torch.tensor([1]).float().dtype]
torch.set_default_dtype(torch.float32)
seen

# default dtype must be floating
torch.set_default_dtype(torch.int64)
0

# from_numpy shares memory
a = np.zeros(3)
x = torch.from_numpy(a)
a[0] = 5
x[1] = 7
x, a

# numpy shares memory
x = torch.zeros(3)
a = x.numpy()
x.add_(1)
a[0] = 9
x, a

# as_tensor shares memory and tensor copies
a = np.zeros(3)
x, y = torch.as_tensor(a), torch.tensor(a)
a += 1
x, y

# views share memory
x = torch.zeros(2, 6)
x.view(3, 4)[0] = 1
x[1].fill_(2)
x[:, 1:3].mul_(5)
x.t()[0] += 7
x.reshape(-1)[3] = 8
x

# detach and data share memory
x = torch.ones(3, requires_grad=True)
x.data[0] = 5
x.detach()[1] = 6
x.data.mul_(2)
x

# assigning data
x = torch.ones(3, requires_grad=True)
x.data = torch.zeros(2)
x, x.shape, x.is_leaf

# clone does not share
x = torch.ones(2)
y = x.clone()
y += 1
x, y

# iteration gives views
x = torch.zeros(2, 3)
for row in x:
    row += 1
x

# unpacking
a, b = torch.arange(4.0).reshape(2, 2)
(c, d), e = torch.ones(2, 2), 3
values, indices = torch.tensor([3.0, 1.0]).sort()
q, k, v = torch.arange(6).chunk(3)
n, m = torch.ones(2, 3).shape
a, b, c, d, values, indices, q, k, v, n, m

# swap rows
x = torch.arange(6).reshape(3, 2)
x[[0, 2]] = x[[2, 0]]
x

# slice assignment of an overlapping slice
x = torch.arange(6)
x[1:] = x[:-1].clone()
x

# boolean assignment
x = torch.arange(-3.0, 3)
x[x < 0] = 0
x[x == 2] *= 10
x[(x > 0) & (x < 5)] -= 1
x

# augmented assignment by index
x = torch.zeros(4)
x[torch.tensor([0, 0, 1])] += 1
x[1:3] += torch.tensor([5.0, 6.0])
x[-1] -= 2
x

# in-place methods return the same object
x = torch.ones(3)
[x.add_(1) is x, x.mul_(2) is x, x.zero_() is x, x.fill_(3) is x, x.copy_(torch.ones(3)) is x, x.clamp_(0, 1) is x, x.sub_(1, alpha=2) is x, x]

# copy_
x = torch.zeros(2, 3)
x.copy_(torch.arange(3))
y = torch.zeros(2, dtype=torch.int64).copy_(torch.tensor([1.7, -1.7]))
x, y, torch.zeros(2).copy_(torch.tensor(5.0), non_blocking=True)

# copy_ of a wrong shape
torch.zeros(2).copy_(torch.ones(3))

# zero_ fill_
x = torch.ones(2, 2)
x[0].zero_()
x[:, 1].fill_(7)
x, torch.ones(2, dtype=torch.int64).fill_(2.9), torch.ones(2).fill_(torch.tensor(3))

# in-place dtype errors
x = torch.arange(3)
x.add_(0.5)

# in-place keeps the dtype
x = torch.ones(2)
x += torch.ones(2, dtype=torch.float64)
x *= 2
x /= 3
x

# integers cannot be divided in place
x = torch.arange(3)
x /= 2
x

# in-place cannot grow
x = torch.ones(2)
x += torch.ones(3, 2)
x

# resize_ and friends
x = torch.arange(6.0)
x.unsqueeze_(0), x.squeeze_(), x.t_()

# t_ and transpose_
x = torch.arange(6).reshape(2, 3)
x.t_()
y = torch.ones(2, 3, 4)
y.transpose_(0, 2)
x, y.shape

# masked_fill_ with -inf
scores = torch.zeros(3, 3)
mask = torch.triu(torch.ones(3, 3), diagonal=1).bool()
scores.masked_fill_(mask, float("-inf")).softmax(-1)

# tril mask
mask = torch.tril(torch.ones(4, 4)).view(1, 1, 4, 4)
torch.zeros(1, 1, 4, 4).masked_fill(mask[:, :, :3, :3].repeat(1, 1, 2, 2)[:, :, :4, :4] == 0, float("-inf")).softmax(-1)

# scatter_ one hot
y = torch.tensor([2, 0])
torch.zeros(2, 3).scatter_(1, y.view(-1, 1), 1), torch.zeros(2, 3).scatter_(1, y[:, None], 1.0, reduce="add")

# scatter_ with src
torch.zeros(2, 3).scatter_(1, torch.tensor([[0, 1], [1, 2]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))

# index_add_ counts
torch.zeros(3).index_add_(0, torch.tensor([0, 2, 2]), torch.ones(3)), torch.zeros(3, 2).index_add_(0, torch.tensor([1]), torch.ones(1, 2), alpha=3)

# index_copy_ index_fill_ index_put_
x = torch.zeros(3, 2)
x.index_copy_(0, torch.tensor([2, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
x.index_fill_(1, torch.tensor([1]), -1)
x.index_put_((torch.tensor([0, 1]), torch.tensor([0, 0])), torch.tensor(9.0))
x

# masked_scatter_
torch.zeros(4).masked_scatter_(torch.tensor([True, False, True, False]), torch.tensor([1.0, 2.0]))

# fill_diagonal_
torch.zeros(3, 3).fill_diagonal_(2)

# out= arguments
out = torch.empty(2)
torch.add(torch.ones(2), torch.ones(2), out=out)
total = torch.zeros(2, 2)
torch.matmul(torch.ones(2, 3), torch.ones(3, 2), out=total)
joined = torch.empty(0)
torch.cat([torch.ones(1), torch.zeros(1)], out=joined)
out, total, joined

# out= of elementwise functions
out = torch.empty(3)
[torch.exp(torch.zeros(3), out=out) is out, torch.sin(torch.zeros(3), out=out).sum(), torch.mul(out, 2, out=out)]

# accuracy as programs compute it
scores = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
y = torch.tensor([1, 0, 0])
_, predicted = torch.max(scores.data, 1)
correct = (predicted == y).sum().item()
pred = scores.argmax(dim=1, keepdim=True)
more = pred.eq(y.view_as(pred)).sum().item()
correct, more, 100.0 * correct / y.size(0), (scores.topk(1)[1].squeeze(1) == y).float().mean().item()

# confusion matrix
y, p = torch.tensor([0, 1, 2, 1]), torch.tensor([0, 2, 2, 1])
m = torch.zeros(3, 3, dtype=torch.int64)
for a, b in zip(y.view(-1), p.view(-1)):
    m[a.long(), b.long()] += 1
m, m.diag() / m.sum(1)

# top-k filtering
logits = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
v, _ = torch.topk(logits, min(2, logits.size(-1)))
logits[logits < v[:, [-1]]] = -float("Inf")
F.softmax(logits, dim=-1)

# top-p filtering
logits = torch.tensor([1.0, 3.0, 2.0, 0.0])
sorted_logits, order = torch.sort(logits, descending=True)
cumulative = torch.cumsum(F.softmax(sorted_logits, dim=-1), dim=-1)
remove = cumulative > 0.8
remove[..., 1:] = remove[..., :-1].clone()
remove[..., 0] = 0
logits[order[remove]] = -float("inf")
logits

# padding a batch
rows = [torch.tensor([1, 2]), torch.tensor([3])]
batch = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
for i, row in enumerate(rows):
    batch[i, : len(row)] = row
batch, (batch != 0).sum(1), batch.ne(0).unsqueeze(1).unsqueeze(2).shape

# positional encoding
d, n = 6, 5
pe = torch.zeros(n, d)
position = torch.arange(0, n, dtype=torch.float).unsqueeze(1)
div_term = torch.exp(torch.arange(0, d, 2).float() * (-math.log(10000.0) / d))
pe[:, 0::2] = torch.sin(position * div_term)
pe[:, 1::2] = torch.cos(position * div_term)
pe.unsqueeze(0).transpose(0, 1)

# discounted returns
rewards, R, out = [1.0, 0.0, 2.0], 0, []
for r in rewards[::-1]:
    R = r + 0.9 * R
    out.insert(0, R)
out = torch.tensor(out)
(out - out.mean()) / (out.std() + 1e-8)

# adjacency normalisation
adj = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
adj = adj + torch.eye(adj.size(0))
d = torch.diag(adj.sum(1).pow(-0.5))
d @ adj @ d, adj.nonzero().t(), adj.sum(-1, keepdim=True).clamp(min=1)

# list of tensors
xs = [torch.ones(2) * i for i in range(3)]
torch.stack(xs).mean(0), torch.cat(xs, 0), sum(xs), torch.stack(xs, dim=1).sum(dim=-1)

# stop iteration over a scalar
list(torch.tensor(1))

# meshgrid coordinates
ys, xs = torch.meshgrid(torch.linspace(-1, 1, 2), torch.linspace(-1, 1, 3), indexing="ij")
torch.stack([ys, xs], -1).view(-1, 2)

# einsum with a list of letters
torch.einsum("bi,bj->bij", torch.ones(2, 2), torch.arange(6.0).view(2, 3))

# gather along time
lengths = torch.tensor([2, 3])
h = torch.arange(12.0).view(2, 3, 2)
h.gather(1, (lengths - 1).view(-1, 1, 1).expand(-1, 1, h.size(2))).squeeze(1)

# index with None and lists
x = torch.arange(24).view(2, 3, 4)
x[:, [0, 2]], x[[0, 1], [1, 2]], x[..., None].shape, x[:, None].shape, x[0, ..., -1], x[:, :, [1]].shape

# a tensor subclass is not needed for torch.Tensor methods
torch.Tensor.add(torch.ones(2), 1), torch.Tensor.sum(torch.ones(3)), torch.Tensor.relu(torch.tensor([-1.0]))


# nonzero as_tuple
x = torch.tensor([[0, 1], [2, 0]])
rows, columns = torch.where(x > 0)
x[rows, columns], x.nonzero(as_tuple=True), torch.nonzero(x).squeeze(), x.nonzero()[:, 0]

# views of views
x = torch.arange(24.0).view(2, 3, 4)
y = x.permute(2, 0, 1)[1:3, :, ::2].transpose(0, 1)
y.zero_()
x, y.shape, y.stride(), y.is_contiguous()

# expand then write fails
torch.zeros(1, 3).expand(2, 3).add_(1)

# type promotion of zero-dim
torch.ones(2) * torch.tensor(2.0, dtype=torch.float64), torch.arange(2) * torch.tensor(1.5), torch.tensor(1) + torch.tensor(1.5)

# set by a tensor of one element
x = torch.zeros(3)
x[torch.tensor(1)] = torch.tensor(2)
x[0] = torch.tensor([4.0])
x

# storage helpers
x = torch.arange(6.0)
[x.data_ptr() == x.view(2, 3).data_ptr(), x.data_ptr() == x.clone().data_ptr(), x[1:].data_ptr() - x.data_ptr()]

# as_strided and unfold
x = torch.arange(6.0)
x.unfold(0, 2, 2), x.as_strided((2, 2), (2, 1))

# as_strided of a transposed tensor sees its memory
x = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1).requires_grad_()
y = x.as_strided((3, 4), (5, 2), 1)
y.square().sum().backward()
y, x.grad

# moving to numpy and plotting arithmetic
losses = [torch.tensor(0.5), torch.tensor(0.25)]
np.array([l.item() for l in losses]), np.mean(losses), float(sum(losses) / len(losses))
""")

# beyond the promise: held against torch where it is there
EXTRA = lines("""
torch.vander(torch.tensor([1.0, 2.0]))
torch.hann_window(4)
torch.hamming_window(5)
torch.range(0, 2)
torch.poisson(torch.zeros(3))
torch.zeros(2).log_normal_().shape
torch.zeros(2).geometric_(0.5).shape
torch.zeros(2).cauchy_().shape
torch.ones(2).is_sparse, torch.ones(2).is_quantized
torch.ones(2).get_device()
torch.ones(2).is_same_size(torch.ones(2))
torch.ones(2).is_pinned()
torch.typename(torch.ones(2))
torch.can_cast(torch.float32, torch.int64)
torch.can_cast(torch.int64, torch.float32)
torch.ones(2).bfloat16().float()
torch.initial_seed() is not None
torch.seed() is not None
torch.func.grad(lambda x: (x**2).sum())(torch.tensor([1.0, 2.0]))
torch.func.vmap(lambda x: x.sum())(torch.ones(2, 3))
torch.tensor([1.0, 2.0]).apply_(lambda x: x + 1)
""")
