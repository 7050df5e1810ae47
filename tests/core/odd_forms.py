"""The forms in which programs use the core's names, beyond one sample per argument."""

from tests.parity.snippets import blocks, lines

REDUCTIONS = lines("""
torch.max(torch.tensor([1.0, 5]), torch.tensor([3.0, 2]))
torch.max(torch.tensor([[1.0, 5], [4, 2]]), 1)[1]
torch.max(torch.tensor([[1.0, 5], [4, 2]]), dim=1).values
torch.tensor([[1.0, 5], [4, 2]]).max(1, keepdim=True)[0]
torch.tensor([[1.0, 5], [4, 2]]).max(1)
torch.tensor([[1, 5], [4, 2]]).max()
torch.tensor([[1.0, 5], [4, 2]]).min(dim=0, keepdim=True).indices
torch.tensor([[1.0, 5], [4, 2]]).argmax(dim=-1, keepdim=True)
torch.tensor([[1.0, 5], [4, 2]]).argmax()
torch.tensor([[1.0, 5], [4, 2]]).argmax(1)
torch.tensor([[1.0, 5], [4, 2]]).argmax(None)
torch.tensor([[True, False], [False, False]]).any(1)
torch.tensor([[True, False], [False, False]]).any(dim=(0, 1))
torch.tensor([[True, False], [False, False]]).all()
torch.any(torch.tensor([0, 2]))
torch.all(torch.tensor([[1.0, 0], [2, 3]]), dim=1, keepdim=True)
torch.norm(torch.tensor([[3.0, 4], [6, 8]]), dim=1, keepdim=True)
torch.norm(torch.tensor([[3.0, 4], [6, 8]]), p=1)
torch.norm(torch.tensor([[3.0, 4], [6, 8]]), p=float("inf"), dim=0)
torch.norm(torch.tensor([[3.0, 4], [6, 8]]), 2, -1)
torch.tensor([[3.0, 4], [6, 8]]).norm(p=2, dim=-1, keepdim=True)
torch.tensor([[3.0, 4], [6, 8]]).norm(p="fro")
torch.tensor([3.0, 4]).norm().item()
torch.tensor([[3.0, 4], [6, 8]]).std(0)
torch.tensor([[3.0, 4], [6, 8]]).std(0, unbiased=False)
torch.tensor([[3.0, 4], [6, 8]]).std(dim=1, keepdim=True)
torch.tensor([[3.0, 4], [6, 8]]).std(False)
torch.tensor([[3.0, 4], [6, 8]]).var(1, False)
torch.tensor([[3.0, 4], [6, 8]]).var((0, 1), correction=0)
torch.var(torch.tensor([1.0, 2, 4]), unbiased=False)
torch.std_mean(torch.tensor([[1.0, 2], [4, 5]]), dim=0, keepdim=True)
torch.var_mean(torch.tensor([[1.0, 2], [4, 5]]), 1)
torch.tensor([[1.0, 2], [3, 4]]).sum((0, 1))
torch.tensor([[1.0, 2], [3, 4]]).sum([0])
torch.tensor([[1.0, 2], [3, 4]]).sum(axis=1)
torch.tensor([[1.0, 2], [3, 4]]).sum(axis=0, keepdims=True)
torch.tensor([[1.0, 2], [3, 4]]).sum(-1, True)
torch.tensor([[1.0, 2], [3, 4]]).sum(dim=())
torch.tensor([True, True, False]).sum()
torch.tensor([1, 2], dtype=torch.uint8).sum().dtype
torch.tensor([1, 2], dtype=torch.int32).sum(dtype=torch.float32)
torch.tensor([1, 2]).sum(dtype=float)
torch.tensor([[1.0, 2], [3, 4]]).mean((-1, -2))
torch.tensor([1, 2]).mean()
torch.tensor([1, 2]).mean(dtype=torch.float32)
torch.mean(torch.tensor([[1.0, 2], [3, 4]]), dim=[0, 1], keepdim=True)
torch.tensor([[1.0, 2], [3, 4]]).prod(1)
torch.tensor([[1.0, 2], [3, 4]]).prod(dim=0, keepdim=True)
torch.tensor([[1, 2], [3, 4]]).prod()
torch.tensor([[1.0, 2], [3, 4]]).logsumexp((0, 1))
torch.tensor([[1.0, 2], [3, 4]]).amax((0, 1))
torch.tensor([[1.0, 2], [3, 4]]).amin(-1, keepdim=True)
torch.aminmax(torch.tensor([1.0, 3, 2]))
torch.tensor([1.0, float("nan"), 3]).max()
torch.tensor([1.0, float("nan"), 3]).argmax()
torch.tensor([1.0, float("nan"), 3]).max(0)
torch.tensor([1.0, float("nan"), 3]).sort()
torch.tensor([3, 1, 2]).sort(descending=True)
torch.sort(torch.tensor([[3.0, 1], [2, 4]]), dim=0, descending=True)
torch.sort(torch.tensor([True, False, True]))
torch.argsort(torch.tensor([3, 1, 2]), descending=True)
torch.tensor([[3.0, 1], [2, 4]]).argsort(1)
torch.tensor([3.0, 1, 2]).topk(2)
torch.tensor([3.0, 1, 2]).topk(2, largest=False)
torch.topk(torch.tensor([[3.0, 1, 2], [4, 6, 5]]), k=2, dim=1, sorted=True)[1]
torch.tensor([3, 1, 2]).topk(1).values.item()
torch.tensor([1.0, 2, 3, 4]).median()
torch.tensor([[1.0, 3, 2], [6, 5, 4]]).median(1)
torch.tensor([[1.0, 3, 2], [6, 5, 4]]).median(dim=0).values
torch.tensor([1.0, 2, 3, 4]).quantile(0.5)
torch.tensor([1.0, 2, 3, 4]).quantile(torch.tensor([0.25, 0.75]))
torch.tensor([[1.0, 2], [3, 4]]).quantile(0.5, dim=1, keepdim=True)
torch.tensor([1.0, 2, 3, 4]).quantile(0.4, interpolation="nearest")
torch.tensor([1, 1, 2, 3, 3]).unique()
torch.unique(torch.tensor([3, 1, 1]), return_counts=True)
torch.unique(torch.tensor([3, 1, 1]), return_inverse=True)
torch.unique(torch.tensor([[1, 2], [1, 2], [0, 1]]), dim=0)
torch.unique(torch.tensor([3, 1, 1]), sorted=False, return_inverse=True, return_counts=True)
torch.tensor([1, 1, 2]).bincount()
torch.bincount(torch.tensor([1, 1, 2]), weights=torch.tensor([0.5, 0.5, 1]), minlength=5)
torch.cumsum(torch.tensor([[1, 2], [3, 4]]), dim=0)
torch.tensor([True, False, True]).cumsum(0)
torch.tensor([1.0, 2, 3]).cumprod(-1)
torch.cummax(torch.tensor([1.0, 3, 2, 5]), dim=0)
torch.tensor([1.0, 3, 2, 5]).cummin(0).indices
torch.count_nonzero(torch.tensor([[0, 1], [2, 0]]), dim=0)
torch.tensor([[0, 1], [2, 0]]).count_nonzero()
torch.tensor([[0, 1], [2, 0]]).nonzero()
torch.nonzero(torch.tensor([[0, 1], [2, 0]]), as_tuple=True)
torch.tensor([[0, 1], [2, 0]]).nonzero(as_tuple=False).shape
torch.where(torch.tensor([[0, 1], [2, 0]]) > 0)
torch.where(torch.tensor([True, False]), 1.0, torch.tensor([5.0, 6.0]))
torch.where(torch.tensor([True, False]), torch.tensor([1, 2]), 0.5)
torch.where(torch.tensor([True, False]), 1, 0)
torch.where(torch.tensor([True, False]), 1.0, 0.0)
torch.where(torch.tensor([[True], [False]]), torch.zeros(2), torch.ones(1))
torch.tensor([1.0, -1]).where(torch.tensor([True, False]), torch.tensor(0.0))
torch.tensor([1.0, -1]).where(torch.tensor([True, False]), 0)
torch.where(torch.tensor([1, 0]), 1.0, 0.0)
torch.tensor([1.0, 2, 3]).mode()
torch.nanmean(torch.tensor([1.0, float("nan")]))
torch.tensor([1.0, float("nan")]).nansum()
torch.logsumexp(torch.tensor([[1.0, 2], [3, 4]]), dim=1)
torch.tensor([[1.0, 2], [3, 4]]).softmax(-1)
torch.softmax(torch.tensor([1.0, 2]), 0)
torch.softmax(torch.tensor([1, 2]), 0, dtype=torch.float32)
torch.tensor([1.0, 2]).log_softmax(dim=0)
torch.dist(torch.tensor([1.0, 2]), torch.tensor([3.0, 5]))
torch.cdist(torch.tensor([[0.0, 0], [3, 4]]), torch.tensor([[0.0, 0]]))
torch.cdist(torch.arange(60.0).reshape(30, 2), torch.arange(60.0).reshape(30, 2) * 2)[:3, :3]
torch.trace(torch.tensor([[1, 2], [3, 4]]))
torch.histc(torch.tensor([1.0, 2, 1]), bins=4, min=0, max=3)
torch.tensor([2.0, 8]).log2(), torch.log10(torch.tensor(100.0))
torch.equal(torch.tensor([1, 2]), torch.tensor([1.0, 2.0]))
torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-9]))
torch.isclose(torch.tensor([1.0, float("nan")]), torch.tensor([1.0, float("nan")]), equal_nan=True)
""")

SHAPES = lines("""
torch.cat([torch.tensor([1]), torch.tensor([2.5])])
torch.cat((torch.zeros(2, 2), torch.ones(2, 2)), -1)
torch.cat([torch.zeros(0), torch.ones(2)])
torch.cat([torch.zeros(2, 0), torch.ones(2, 2)], 1)
torch.cat([torch.tensor([True]), torch.tensor([2])])
torch.cat([torch.zeros(2), torch.ones(2, 2)])
torch.cat(torch.ones(2, 3))
torch.cat([])
torch.stack([torch.tensor(1.0), torch.tensor(2.0)])
torch.stack([torch.zeros(2), torch.ones(2)], dim=1)
torch.stack((torch.zeros(2), torch.ones(2)), -1)
torch.stack([torch.zeros(2), torch.ones(3)])
torch.stack([torch.tensor([1]), torch.tensor([2.5])])
torch.stack(torch.ones(2, 3).unbind(1))
torch.hstack([torch.tensor([1.0]), torch.tensor([2.0])])
torch.vstack((torch.zeros(2), torch.ones(1, 2)))
torch.chunk(torch.arange(5), 2)
torch.arange(6).split(4)
torch.arange(6).split([1, 5])
torch.arange(6).reshape(2, 3).split(1, dim=1)
torch.arange(6).split([1, 2])
torch.tensor_split(torch.arange(7), 3)
torch.arange(6).view(2, -1)
torch.arange(6).view((3, 2))
torch.arange(6).view([3, 2])
torch.arange(6).view(torch.Size([3, 2]))
torch.arange(6).reshape(-1, 1, 2).squeeze(1).shape
torch.arange(6).reshape(2, 3).t().view(6)
torch.arange(6).reshape(2, 3).t().reshape(6)
torch.arange(6).reshape(2, 3).t().contiguous().view(-1)
torch.arange(6).view(4, -1)
torch.arange(6).view(-1, -1)
torch.arange(6).view(6, 1, 1).expand(-1, 2, 3).shape
torch.ones(3).expand(2, 3)
torch.ones(3, 1).expand(3, 4).sum()
torch.ones(3).expand(2)
torch.ones(2, 3).permute(1, 0).shape
torch.ones(2, 3, 4).permute((2, 0, 1)).shape
torch.ones(2, 3, 4).permute(2, 0, 0)
torch.ones(2, 3, 4).permute(-1, 0, 1).stride()
torch.ones(2, 3, 4).transpose(1, 2).shape
torch.ones(2, 3, 4).transpose(-1, -3).shape
torch.ones(2, 3, 4).mT.shape
torch.ones(2, 3).T.shape
torch.ones(3).t()
torch.ones(2, 1, 3, 1).squeeze().shape
torch.ones(2, 1, 3, 1).squeeze(-1).shape
torch.ones(2, 1, 3, 1).squeeze((1, 3)).shape
torch.ones(2, 1, 3, 1).squeeze(0).shape
torch.ones(3).unsqueeze(-1).shape
torch.ones(3).unsqueeze(2)
torch.ones(3)[None].shape, torch.ones(3)[:, None].shape
torch.ones(2, 3, 4).flatten(1).shape
torch.ones(2, 3, 4).flatten(0, 1).shape
torch.ones(2, 12).unflatten(1, (3, 4)).shape
torch.ones(2, 12).unflatten(-1, (3, -1)).shape
torch.ones(2, 3).repeat(2, 1).shape
torch.ones(3).repeat(2, 2).shape
torch.ones(2, 3).repeat((2, 1, 1)).shape
torch.ones(2, 3).repeat(2)
torch.ones(2, 3).tile((2,)).shape
torch.tensor([1, 2]).repeat_interleave(2)
torch.tensor([[1, 2], [3, 4]]).repeat_interleave(2, dim=0)
torch.repeat_interleave(torch.tensor([1, 2]), torch.tensor([1, 3]))
torch.repeat_interleave(torch.tensor([1, 3]))
torch.arange(4).flip(0)
torch.arange(4).reshape(2, 2).flip([0, 1])
torch.flip(torch.arange(4).reshape(2, 2), dims=(-1,))
torch.roll(torch.arange(4), 1)
torch.roll(torch.arange(4).reshape(2, 2), (1, 1), (0, 1))
torch.arange(4).roll(-1, 0)
torch.rot90(torch.arange(4).reshape(2, 2))
torch.tril(torch.ones(3, 3))
torch.ones(3, 3).triu(diagonal=1).bool()
torch.triu(torch.ones(2, 3, 3), 1).shape
torch.diag(torch.tensor([1.0, 2]))
torch.diag(torch.ones(2, 2), 1)
torch.diagonal(torch.arange(8).reshape(2, 2, 2), dim1=1, dim2=2)
torch.arange(4).reshape(2, 2).diagonal()
torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
torch.meshgrid([torch.arange(2), torch.arange(3)], indexing="xy")
torch.broadcast_shapes((2, 1), (1, 3))
torch.broadcast_tensors(torch.zeros(2, 1), torch.ones(3))[1].shape
torch.movedim(torch.ones(2, 3, 4), 0, -1).shape
torch.ones(2, 3, 4).movedim((0, 1), (1, 2)).shape
torch.swapaxes(torch.ones(2, 3), 0, 1).shape
torch.ones(4, 4).unfold(0, 2, 2).shape
torch.arange(5).narrow(0, 1, 3)
torch.arange(6).reshape(2, 3).select(1, 0)
torch.arange(6).reshape(2, 3).unbind(1)
torch.arange(4.0).view(torch.int32)
torch.zeros(2, dtype=torch.float64).view(torch.int64)
torch.ones(2, 4, dtype=torch.float32).view(torch.float64).shape
torch.tensor([1, 2], dtype=torch.int16).view(torch.int8)
torch.ones(2, 3).view_as(torch.ones(6))
torch.ones(2, 3).expand_as(torch.ones(4, 2, 3)).shape
torch.atleast_2d(torch.tensor(1.0), torch.ones(2))
torch.block_diag(torch.ones(1, 2), torch.tensor(3.0))
torch.kron(torch.eye(2), torch.ones(1, 2))
torch.ones(2, 3).numel(), torch.ones(2, 3).nelement(), torch.ones(2, 3).ndim, torch.ones(2, 3).dim()
torch.ones(2, 3).size(), torch.ones(2, 3).size(-1), torch.ones(2, 3).size()[0]
torch.ones(2, 3).shape + (4,)
torch.ones(2, 3).shape[:-1]
torch.Size([2, 3]).numel()
list(torch.ones(2, 3).shape), tuple(torch.ones(2, 3).size())
torch.ones(2, 3).shape == (2, 3), torch.ones(2, 3).shape == [2, 3], torch.ones(2, 3).shape == torch.Size([2, 3])
torch.ones(*torch.ones(2, 3).shape).shape
torch.ones(2, 3).shape[-1:] * 2
torch.ones(torch.tensor(2), 3).shape
torch.ones(2).reshape(torch.tensor(2), 1).shape
torch.einsum("i,j->ij", torch.arange(2.0), torch.arange(3.0))
torch.einsum("bij,bjk->bik", [torch.ones(2, 3, 4), torch.ones(2, 4, 5)]).shape
torch.einsum("...ij,...jk->...ik", torch.ones(2, 3, 4), torch.ones(4, 5)).shape
torch.einsum("...d,...d->...", torch.ones(2, 3), torch.ones(2, 3))
torch.einsum("nhd,mhd->nmh", torch.ones(2, 3, 4), torch.ones(5, 3, 4)).shape
torch.einsum("ii", torch.arange(4.0).reshape(2, 2))
torch.einsum("ijk->jik", torch.ones(2, 3, 4)).shape
torch.einsum("a,b,c->abc", torch.ones(2), torch.ones(3), torch.ones(4)).shape
torch.einsum("i i -> i", torch.arange(4.0).reshape(2, 2))
torch.einsum("bn,anm,bm->ba", torch.ones(2, 3), torch.ones(5, 3, 4), torch.ones(2, 4))
torch.einsum(torch.ones(2, 3), [0, 1], torch.ones(3, 4), [1, 2], [0, 2])
torch.matmul(torch.ones(3), torch.ones(3))
torch.ones(2, 3) @ torch.ones(3)
torch.ones(3) @ torch.ones(3, 2)
torch.ones(5, 1, 2, 3).matmul(torch.ones(4, 3, 2)).shape
torch.ones(2, 3) @ torch.ones(2, 3)
torch.ones(2, 3) @ torch.ones(3, 2).double()
torch.ones(2, 3).mm(torch.ones(3))
torch.ones(2, 3).bmm(torch.ones(3, 2))
torch.dot(torch.ones(2), torch.ones(3))
torch.tensor([1, 2]) @ torch.tensor([3, 4])
torch.outer(torch.arange(2), torch.arange(3))
torch.tensordot(torch.ones(2, 3), torch.ones(3, 2), dims=1)
torch.addmm(torch.ones(2), torch.ones(2, 3), torch.ones(3, 2), alpha=2)
torch.baddbmm(torch.ones(1), torch.ones(2, 2, 3), torch.ones(2, 3, 2), beta=0.5)
torch.cross(torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), dim=0)
torch.zeros(2, 3).new_zeros(2).dtype, torch.zeros(2).double().new_ones((1, 2))
torch.zeros(2).long().new_tensor([1, 2]), torch.ones(2).new_full((2,), 3), torch.ones(2).new_empty(0)
torch.zeros(2).new([1, 2]), torch.zeros(2).new(2, 3).shape
""")

INDEXING = blocks("""
# mask assignment with values
x = torch.zeros(4)
x[torch.tensor([True, False, True, False])] = torch.tensor([1.0, 2.0])
x

# mask augmented
x = torch.arange(4.0)
m = x > 1
x[m] += torch.tensor([10.0, 20.0])
x[~m] *= 3
x

# two index tensors
x = torch.zeros(3, 3)
i, j = torch.tensor([0, 1]), torch.tensor([2, 0])
x[i, j] = torch.tensor([5.0, 6.0])
x[i, j] += 1
x

# repeated places keep the last
x = torch.zeros(3)
x[torch.tensor([0, 0, 1])] = torch.tensor([1.0, 1.0, 3.0])
x

# scalar broadcast into a slice
x = torch.zeros(2, 3)
x[:, 1] = 5
x[0, ...] = torch.tensor(2)
x[1, :2] = torch.tensor([7, 8])
x

# integers, slices and places mixed
x = torch.zeros(2, 3, 4)
x[0, :, torch.tensor([0, 2])] = torch.arange(6.0).reshape(3, 2)
x[1, torch.tensor([0, 1]), torch.tensor([1, 2])] = 9
x

# integers, slices and places mixed, with a gradient
w = torch.ones(2, 3, 4, requires_grad=True)
x = w * 2
x[0, :, torch.tensor([0, 2])] = torch.zeros(3, 2)
y = x[1, :, torch.tensor([1, 1])]
(x.sum() + (y * torch.arange(6.0).reshape(3, 2)).sum()).backward()
w.grad, y.shape

# setting with a list and a numpy array
x = torch.zeros(4)
x[[0, 2]] = torch.tensor([1.0, 2.0])
x[np.array([3])] = 4
x

# setting with another dtype
x = torch.zeros(3, dtype=torch.int64)
x[0] = 2.7
x[1:] = torch.tensor([1.5, -1.5])
x

# setting an integer tensor by a value with a gradient
x = torch.zeros(2, dtype=torch.int64)
x[0] = torch.tensor(1.5, requires_grad=True)
x, x.requires_grad

# too long
x = torch.zeros(3)
x[:2] = torch.ones(3)

# leading ones are dropped
x = torch.zeros(2, 3)
x[0] = torch.ones(1, 3)
x

# index out of range when set
x = torch.zeros(3)
x[3] = 1

# negative step
torch.arange(4)[::-1]

# list is no value
x = torch.zeros(2)
x[0:2] = [1, 2]

# numpy scalar is
x = torch.zeros(2)
x[0] = np.float64(2.5)
x

# None and ellipsis
x = torch.arange(6).reshape(2, 3)
x[None, ..., 0].shape, x[..., None].shape, x[:, None, :].shape

# bool index
x = torch.arange(3)
x[True].shape, x[False].shape, x[torch.tensor(True)].shape

# tensors of one element as numbers
x = torch.arange(6).reshape(2, 3)
i = torch.tensor(1)
x[i], x[i, i], x[: i + 1], x[i - 1 :].shape

# nested lists
x = torch.arange(9).reshape(3, 3)
x[[0, 1], [1, 2]], x[[[0, 1], [1, 2]]], x[[0, 2]], x[:, [0, 2]]

# mask of two dims, and of one inside
x = torch.arange(12).reshape(2, 2, 3)
m = torch.tensor([[True, False], [False, True]])
x[m], x[:, torch.tensor([False, True])], x[..., torch.tensor([True, False, True])]

# index_select on a view
x = torch.arange(12).reshape(3, 4).t()[1:]
x.index_select(0, torch.tensor([2, 0])), x.index_select(1, torch.tensor([1]))

# gather and scatter
x = torch.arange(6.0).reshape(2, 3)
i = torch.tensor([[0, 2], [1, 1]])
x.gather(1, i), torch.zeros(2, 3).scatter_(1, i, 1.0), torch.zeros(2, 3).scatter_add(1, i, torch.ones(2, 2))

# one-hot by scatter
labels = torch.tensor([2, 0])
torch.zeros(2, 3).scatter_(1, labels.unsqueeze(1), 1), torch.zeros(2, 3).scatter(dim=1, index=labels[:, None], value=2.5)

# log probabilities by gather
logits = torch.tensor([[1.0, 2, 3], [3, 2, 1]], requires_grad=True)
picked = logits.log_softmax(-1).gather(1, torch.tensor([[2], [0]])).squeeze(1)
picked.sum().backward()
picked, logits.grad

# take_along_dim and sort order
x = torch.tensor([[3.0, 1, 2], [6, 5, 4]])
i = x.argsort(dim=1)
torch.take_along_dim(x, i, dim=1), torch.take_along_dim(x, torch.tensor([[0]]), 1)

# masked_fill forms
x = torch.arange(4.0)
x.masked_fill(x > 2, float("-inf")), x.masked_fill(x > 2, torch.tensor(7.0)), x.masked_fill_(x == 0, 1e9)

# index_add of repeated rows
torch.zeros(3, 2).index_add_(0, torch.tensor([0, 0, 2]), torch.ones(3, 2))

# index_add with alpha
torch.ones(3).index_add(0, torch.tensor([1, 1]), torch.ones(2), alpha=-1)

# index_put_ accumulating
x = torch.zeros(3)
x.index_put_((torch.tensor([0, 0]),), torch.ones(2), accumulate=True)

# embedding-like lookup
w = torch.arange(6.0).reshape(3, 2).requires_grad_()
w[torch.tensor([[0, 2], [2, 2]])].sum().backward()
w.grad

# swapping rows
x = torch.arange(6).reshape(3, 2)
x[[0, 1]] = x[[1, 0]]
x

# shifted copy within one tensor
x = torch.arange(5)
x[1:] = x[:-1].clone()
x

# del, len, in, reversed order
x = torch.arange(3)
len(x), 2 in x, 5 in x, [int(v) for v in x], list(x[1:])

# strided slices share memory
x = torch.zeros(6)
x[::2].add_(1)
x[1::2][1:] = 5
x

# chained indexing writes through
x = torch.zeros(2, 3)
x[0][1] = 4
x[1, :][2] = 5
x

# diagonal of a view
x = torch.zeros(3, 3)
x.diagonal().fill_(1)
x.fill_diagonal_(2)
x
""")

VIEWS = blocks("""
# in-place on views of views with gradients
w = torch.arange(6.0, requires_grad=True)
x = (w * 2).view(2, 3)
y = x[1]
y[1:].mul_(3)
z = x.t()[0]
z.add_(w[:2])
(x.sum() * 2 + y.sum() + z.prod()).backward()
x, w.grad

# a view made before its base is overwritten
w = torch.ones(4, requires_grad=True)
x = w * 3
v = x[:2]
x.mul_(2)
(v * torch.tensor([1.0, 2.0])).sum().backward()
v, w.grad

# a base made part of a graph by a write to its view
w = torch.ones(2, requires_grad=True)
x = torch.zeros(4)
x[1:3] = w * 5
x.sum().backward()
x, x.requires_grad, w.grad

# filling a buffer
w = torch.tensor(2.0, requires_grad=True)
out = torch.zeros(3)
for i in range(3):
    out[i] = w**i
out.sum().backward()
out, w.grad

# unbind and write
w = torch.ones(2, 2, requires_grad=True)
x = w.clone()
x[0] *= 2
x[:, 1] = 7
x.sum().backward()
w.grad

# relu_ in place on a middle value
w = torch.tensor([-1.0, 2.0], requires_grad=True)
x = w * 3
x.relu_()
(x * x).sum().backward()
w.grad

# transposed write
w = torch.ones(2, 3, requires_grad=True)
x = w * 1
x.t()[0] += 5
x.transpose(0, 1).mul_(2)
(x * torch.arange(6.0).reshape(2, 3)).sum().backward()
x, w.grad

# detach shares memory, and a write is noticed
w = torch.ones(2, requires_grad=True)
x = w.exp()
x.detach().zero_()
x.sum().backward()

# data shares memory, and a write is not
w = torch.ones(2, requires_grad=True)
x = w * 2
w.data.fill_(5)
x.sum().backward()
w, w.grad

# an exponential needs its result
w = torch.ones(2, requires_grad=True)
x = w.exp()
x.add_(1)
x.sum().backward()

# a sum does not
w = torch.ones(2, requires_grad=True)
x = w + 1
x.mul_(2)
x.sum().backward()
w.grad

# in place on a leaf
w = torch.ones(2, requires_grad=True)
w.add_(1)

# in place on a view of a leaf
w = torch.ones(2, requires_grad=True)
w[0] = 1

# in place without gradients
w = torch.ones(2, requires_grad=True)
with torch.no_grad():
    w[0] = 5
    w -= 1
    w.clamp_(max=2)
w, w.is_leaf

# expand and write
x = torch.zeros(1, 3).expand(2, 3)
x.add_(1)

# squeeze and unsqueeze in place
x = torch.zeros(2, 1)
x.squeeze_(1).unsqueeze_(0).transpose_(0, 1)
x.shape

# t_ of a vector
torch.arange(3).t_(), torch.zeros(2, 3).t_().shape

# resize_
x = torch.arange(6)
x.resize_(2, 2), x.resize_((3,)), x.resize_as_(torch.zeros(1, 2))

# copy_ broadcasts and converts
x = torch.zeros(2, 2)
x.copy_(torch.tensor([1, 2]))
x

# in-place results and dtypes
x = torch.tensor([1, 2])
x += 1.5

# in place with another shape
x = torch.ones(2)
x += torch.ones(3, 2)

# in place with a broadcast operand
x = torch.ones(2, 3)
x -= torch.tensor([[1.0], [2.0]])
x *= 2
x /= 3
x //= 1
x **= 2
x

# logic in place
x = torch.tensor([True, False])
x |= torch.tensor([False, False])
x &= True
x ^= torch.tensor([True, True])
x

# out=
out = torch.empty(2)
torch.add(torch.ones(2), 1, out=out)
torch.matmul(torch.ones(2, 2), torch.ones(2), out=out)
out

# zeros written by zero_ cut the graph
w = torch.ones(2, requires_grad=True)
x = w * 2
x.zero_()
x.sum().backward()
x.requires_grad, w.grad

# a copy into part of a graph
w, u = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
x = w * 2
x.copy_(u * 5)
x.sum().backward()
w.grad, u.grad

# where in place of masked assignment
w = torch.tensor([1.0, -1.0], requires_grad=True)
x = w * 2
x[x < 0] = 0
x.sum().backward()
w.grad

# masked assignment from a tensor with a gradient
w, u = torch.ones(3, requires_grad=True), torch.tensor([5.0, 6.0], requires_grad=True)
x = w * 2
x[torch.tensor([True, False, True])] = u
(x * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
x, w.grad, u.grad

# overwriting an operand that mul needs
w = torch.ones(2, requires_grad=True)
x = w * 2
y = x * x
x.add_(1)
y.sum().backward()
""")
