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
torch.tensor_split(torch.arange(7), sections=3)
torch.tensor_split(torch.arange(7), indices=[2, 5])
torch.arange(7).tensor_split(tensor_indices_or_sections=torch.tensor([2, 5]))
torch.split(tensor=torch.arange(6), split_size_or_sections=4)
torch.hsplit(torch.arange(16).reshape(4, 4), sections=2)
torch.arange(16).reshape(4, 4).hsplit(indices=[1, 3])
torch.vsplit(input=torch.arange(16).reshape(4, 4), sections=2)
torch.dsplit(torch.arange(16).reshape(2, 2, 4), indices=[1])
torch.cholesky_solve(input=torch.ones(2, 1), input2=2 * torch.eye(2), upper=True)
torch.cholesky_inverse(input=2 * torch.eye(2))
torch.linalg.tensorsolve(torch.eye(4).reshape(2, 2, 4), other=torch.ones(2, 2), dims=None)
torch.linalg.tensorinv(input=torch.eye(4).reshape(4, 2, 2), ind=1)
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

CONVERSIONS = lines("""
torch.tensor(np.float64(1.5)), torch.tensor(np.int8(3)), torch.tensor(np.bool_(True)), torch.tensor(np.float16(1))
torch.tensor([np.int64(1), np.int64(2)]), torch.tensor([np.float32(1), np.float32(2)])
torch.tensor(np.zeros((2, 0)))
torch.tensor([[1, 2], [3, 4.5]])
torch.tensor([True, 1]), torch.tensor([1, 2j])
torch.tensor((np.ones(2), np.zeros(2)))
torch.tensor([torch.ones(2), torch.zeros(2)])
torch.tensor([[torch.tensor(1), torch.tensor(2)]])
torch.tensor(torch.Size([1, 2]))
torch.tensor({1: 2})
torch.tensor([1, "a"])
torch.tensor([[1, 2], 3])
torch.tensor([])
torch.tensor([[], []])
torch.as_tensor([1.5, 2]), torch.as_tensor(3), torch.as_tensor(np.arange(2))
torch.as_tensor(torch.arange(2), dtype=torch.float32)
torch.as_tensor(np.float64(2)), torch.as_tensor([np.float64(2)])
torch.from_numpy(np.arange(4)[::-1])
torch.from_numpy(np.arange(4)[::2])
torch.from_numpy(np.float32(2))
torch.from_numpy(np.array(["a"]))
torch.from_numpy(np.arange(2, dtype=np.uint16)).dtype
torch.from_numpy(np.arange(6).reshape(2, 3).T).stride()
torch.tensor(np.arange(4)[::-1].copy())
torch.Tensor([1, 2]), torch.Tensor(2, 3).shape, torch.Tensor().shape, torch.Tensor(torch.Size([2])).shape
torch.Tensor(np.arange(3)), torch.Tensor(range(3)) if False else 0
torch.FloatTensor([1, 2]), torch.LongTensor([1.5, 2]), torch.LongTensor(2).shape, torch.BoolTensor([1, 0]), torch.ByteTensor([1])
torch.FloatTensor(2, 3).shape, torch.IntTensor([[1]]).dtype, torch.DoubleTensor([1]).dtype
isinstance(torch.ones(2), torch.FloatTensor), isinstance(torch.ones(2), torch.LongTensor), isinstance(torch.ones(2), torch.Tensor)
torch.ones(2).type(), torch.ones(2).long().type(), torch.ones(2).type(torch.int32), torch.ones(2).type("torch.DoubleTensor")
torch.ones(2).type(torch.LongTensor), torch.ones(2).type(torch.FloatTensor).dtype
torch.ones(2).to(torch.ones(1).double()).dtype, torch.ones(2).to("cpu").device, torch.ones(2).to("cpu", torch.int64)
torch.ones(2).to(dtype=torch.float16).dtype, torch.ones(2).to(torch.device("cpu"), non_blocking=True).dtype
torch.ones(2).to(torch.float32) is torch.ones(2), [x.to(torch.float32) is x for x in [torch.ones(2)]]
[x.to(torch.float32, copy=True) is x for x in [torch.ones(2)]], [x.float() is x for x in [torch.ones(2)]]
torch.ones(2).type_as(torch.ones(1, dtype=torch.int64)), torch.tensor([1.7, -1.7]).int(), torch.tensor([0.5, 0]).bool()
torch.tensor([300, -1]).to(torch.uint8), torch.tensor([3e9]).long(), torch.tensor([1.9]).char(), torch.tensor([1]).short().dtype
torch.ones(2).double().half().dtype, torch.tensor([70000.0]).half(), torch.tensor([1.0]).cdouble().dtype
torch.tensor([1, 2]).float().numpy(), torch.ones(2, 2).numpy().shape
torch.ones(2, requires_grad=True).numpy()
torch.ones(2, requires_grad=True).detach().numpy()
np.asarray(torch.ones(2)), np.array(torch.arange(3)), np.asarray(torch.ones(2), dtype=np.float64)
np.array(torch.ones(2, requires_grad=True))
np.array([torch.tensor(1), torch.tensor(2)]), np.stack([torch.ones(2), torch.zeros(2)])
np.mean(torch.arange(4.0).numpy()), np.exp(torch.zeros(2).numpy())
np.ones(2) + torch.ones(2).numpy(), (torch.ones(2) + np.float64(2)).dtype, (torch.ones(2) * np.float32(2)).dtype
(torch.arange(2) * np.float64(2.5)), (np.float64(2) * torch.ones(2)).dtype, torch.ones(2) > np.int64(0)
torch.ones(2) + np.ones(2)
torch.tensor(3).item(), torch.tensor(2.5).item(), torch.tensor([True]).item(), torch.tensor([[4]]).item()
torch.ones(2).item()
torch.ones(2, 2).tolist(), torch.tensor(3).tolist(), torch.tensor([True]).tolist(), torch.tensor([1 + 2j]).tolist()
float(torch.tensor([2.5])), int(torch.tensor(3.9)), bool(torch.tensor(0)), complex(torch.tensor(1.0)), range(torch.tensor(3))
float(torch.ones(2))
bool(torch.ones(2))
[1, 2, 3][torch.tensor(1)], "abc"[torch.tensor([2])], list(range(5))[torch.tensor(1) : torch.tensor(3)]
[1, 2][torch.tensor(1.0)]
len(torch.ones(3, 2)), [tuple(row.shape) for row in torch.ones(2, 3)], sum(torch.arange(3))
len(torch.tensor(1))
list(torch.tensor(1))
max(torch.tensor([1, 5, 2])), sorted([torch.tensor(3), torch.tensor(1)]), min(torch.tensor(2), torch.tensor(1))
[x.item() for x in torch.arange(3)], dict(zip("ab", torch.tensor([1, 2]))), torch.ones(1) in [None] if False else 0
abs(torch.tensor([-1.0])), -torch.tensor([1]), +torch.tensor([1]), ~torch.tensor([True]), ~torch.tensor([1]), round(torch.tensor(2.567), decimals=1) if False else 0
round(torch.tensor([2.5, 3.5])), divmod(torch.tensor(7), 2) if False else 0
2 ** torch.tensor([1.0, 2]), 2 / torch.tensor([1, 2]), 5 // torch.tensor([2, 3]), 5 % torch.tensor([2, 3]), 1 - torch.tensor([1.0])
torch.tensor([7, -7]) // 2, torch.tensor([7, -7]) % 3, torch.tensor([7.5, -7.5]) // 2, torch.tensor([7.5, -7.5]) % -2
torch.tensor([1, 2]) / 2, torch.tensor([1, 2]) / torch.tensor([2, 2]), torch.tensor([True]) / 2
torch.tensor([5, -5]).div(2, rounding_mode="trunc"), torch.tensor([5.0, -5]).div(2, rounding_mode="floor")
torch.tensor([1, 2]) ** 2, torch.tensor([1, 2]) ** 0.5, torch.tensor([2.0]) ** torch.tensor([3]), torch.tensor([2]) ** -1
torch.tensor([True]) + torch.tensor([True]), torch.tensor([True]) * 2, torch.tensor([True]) & torch.tensor([False]), torch.tensor([3]) & 1
torch.tensor([1, 2]) == torch.tensor([1, 3]), torch.tensor([1]) == None, torch.tensor([1]) != None, torch.tensor([1]) == "a"
torch.tensor([1, 2]) < 1.5, 1.5 > torch.tensor([1, 2]), torch.tensor([1.0]).eq(1), torch.tensor([1]).ne(torch.tensor(1))
torch.ones(2) < None
torch.ones(2) + "a"
torch.ones(2) + None
torch.ones(2) + [1, 2]
torch.tensor([1]) << 2, 1 << torch.tensor([2]), torch.tensor([8]) >> 1
torch.tensor(1e-8) + 1, torch.tensor(16777217.0), torch.tensor(0.1) + 0.2, torch.tensor([0.1], dtype=torch.float64) + 0.2
torch.tensor([1, 2], dtype=torch.uint8) - 2, torch.tensor([200], dtype=torch.uint8) + 100, -torch.tensor([1], dtype=torch.uint8)
torch.tensor([127], dtype=torch.int8) + 1, torch.tensor([2**31 - 1], dtype=torch.int32) + 1, torch.tensor([1], dtype=torch.int32) * 2**20
torch.tensor(5) + torch.ones(2), torch.tensor(5.0) + torch.tensor([1]), torch.tensor(5.0, dtype=torch.float64) + torch.ones(2)
torch.ones(2, dtype=torch.float16) + torch.tensor(1.0), torch.ones(2, dtype=torch.float16) + torch.ones(2)
torch.arange(3, dtype=torch.int32) + torch.arange(3), torch.arange(2, dtype=torch.uint8) + torch.arange(2, dtype=torch.int8)
torch.promote_types(torch.int32, torch.float16), torch.result_type(torch.ones(1, dtype=torch.int8), 2.0), torch.can_cast(torch.int64, torch.bool)
torch.arange(0, 1, 0.1), torch.arange(0, 1, 0.1).shape, torch.arange(1, 2.5, 0.5), torch.arange(5, 0, -2), torch.arange(3.0)
torch.arange(0.0, 1.0, 0.3, dtype=torch.float64), torch.arange(0, 2 * math.pi, math.pi / 4), torch.arange(-1, 1, 0.25)
torch.arange(5, 0), torch.arange(0, 5, -1)
torch.arange(2, dtype=torch.float16), torch.arange(torch.tensor(3)), torch.arange(end=3), torch.arange(start=1, end=3, step=1)
torch.linspace(0, 1, 5), torch.linspace(-1, 1, steps=4, dtype=torch.float64), torch.linspace(3, 10, 1), torch.linspace(0, 10, 4, dtype=torch.int64)
torch.logspace(0, 2, 3), torch.logspace(0, 3, 4, base=2), torch.eye(2, 3), torch.eye(2, dtype=torch.bool)
torch.full((2,), 1), torch.full((2,), 1.5), torch.full((), True), torch.full([2], 1, dtype=torch.float32), torch.full((1,), torch.tensor(2.0))
torch.zeros(2, dtype=int).dtype, torch.ones(2, dtype=float).dtype, torch.zeros(2, dtype=bool).dtype, torch.tensor([1], dtype=complex).dtype
torch.zeros((2, 3)).shape, torch.zeros([2, 3]).shape, torch.zeros(size=(2,)).shape, torch.zeros(()).shape, torch.ones(0).shape
torch.zeros(-1)
torch.zeros_like(torch.ones(2, dtype=torch.int32)), torch.ones_like(torch.ones(2), dtype=torch.int64), torch.full_like(torch.ones(2), 7)
torch.full_like(torch.tensor([1, 2]), 2.5), torch.rand_like(torch.ones(2)).shape, torch.randint_like(torch.ones(2), 5).dtype
torch.randint(5, (2,)).dtype, torch.randint(1, 2, (2, 2)), torch.randint(0, 2, size=(1,)).shape, torch.randperm(3).dtype, torch.rand(2, 3).shape
torch.rand((2, 3)).shape, torch.randn([2]).dtype, torch.randn(2, dtype=torch.float64).dtype, torch.randn(()).shape, torch.rand(size=(2,)).shape
torch.normal(0.0, 1.0, (2,)).shape, torch.normal(torch.zeros(2), torch.ones(2)).shape, torch.normal(mean=torch.zeros(2), std=1.0).shape
torch.bernoulli(torch.ones(2)), torch.multinomial(torch.tensor([0.0, 1.0]), 1), torch.multinomial(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), 2, replacement=True)
torch.empty(2, 3).shape, torch.empty((2,), dtype=torch.int64).dtype, torch.empty_like(torch.ones(2)).shape, torch.empty(0)
torch.tril_indices(3, 3), torch.triu_indices(3, 3, offset=1), torch.combinations(torch.arange(3)), torch.cartesian_prod(torch.arange(2), torch.arange(2))
torch.get_default_dtype(), torch.finfo(torch.float32).eps, torch.finfo(torch.float32).max, torch.iinfo(torch.int64).max, torch.finfo(torch.float16).min
torch.finfo(torch.float32).tiny, torch.iinfo(torch.uint8).max, torch.finfo().bits, torch.float32.is_floating_point, torch.int8.itemsize
torch.float32 == torch.float, torch.long is torch.int64, str(torch.float32), repr(torch.int64), torch.ones(2).dtype == torch.float32
torch.device("cpu"), str(torch.device("cpu")), torch.device("cuda:1").index, torch.device("cuda", 0), torch.device("cpu") == torch.device("cpu")
torch.ones(2).device == torch.device("cpu"), torch.ones(2).device.type, torch.ones(2).is_cuda, torch.ones(2, device="cpu").device
torch.clamp(torch.tensor([1.0, 5]), 2, 3), torch.clamp(torch.tensor([1, 5]), min=2), torch.tensor([1.0, 5]).clamp(max=2), torch.clamp(torch.tensor([1, 5]), 1.5, 3)
torch.tensor([1.0, 5]).clamp(torch.tensor([2.0, 2.0]), torch.tensor([3.0, 3.0])), torch.tensor([1.0, 5]).clip(0, 2), torch.clamp(torch.ones(1), 3, 2)
torch.tensor([1.5, 2.5, -0.5]).round(), torch.round(torch.tensor([1.234]), decimals=2), torch.tensor([1.5]).floor().dtype, torch.tensor([3]).ceil()
torch.tensor([2.0, 0, -2]).sign(), torch.sgn(torch.tensor([-2.0])), torch.tensor([-1.5]).abs(), torch.tensor([4.0]).sqrt(), torch.sqrt(torch.tensor([4]))
torch.tensor([1, 4]).rsqrt(), torch.tensor([2]).exp().dtype, torch.tensor([True]).exp(), torch.sigmoid(torch.tensor([0])), torch.tensor([1]).log()
torch.pow(2, torch.tensor([1, 2])), torch.pow(torch.tensor([2.0]), 3), torch.square(torch.tensor([3])), torch.tensor([2.0]).pow(torch.tensor([2.0]))
torch.fmod(torch.tensor([-3.0]), 2), torch.remainder(torch.tensor([-3.0]), 2), torch.maximum(torch.tensor([1, 2]), torch.tensor([2, 1]))
torch.lerp(torch.zeros(2), torch.ones(2), 0.25), torch.lerp(torch.zeros(2), torch.ones(2), torch.tensor([0.1, 0.9])), torch.addcmul(torch.ones(1), torch.ones(1), torch.ones(1), value=0.5)
torch.addcdiv(torch.ones(1), torch.ones(1), torch.full((1,), 4.0), value=2), torch.atan2(torch.tensor([1.0]), torch.tensor([0.0])), torch.hypot(torch.tensor([3.0]), torch.tensor([4.0]))
torch.logical_and(torch.tensor([1, 0]), torch.tensor([True, True])), torch.logical_not(torch.tensor([0, 2])), torch.logical_xor(torch.tensor([1.0]), torch.tensor([0.0]))
torch.isnan(torch.tensor([float("nan"), 1])), torch.isinf(torch.tensor([float("-inf"), 1])), torch.isfinite(torch.tensor([1.0, float("inf")])), torch.tensor([1]).isnan()
torch.nan_to_num(torch.tensor([float("nan"), float("inf")])), torch.tensor([float("nan")]).nan_to_num(1.0), torch.nan_to_num(torch.tensor([float("-inf")]), neginf=-1)
torch.add(torch.ones(1), 2, alpha=3), torch.sub(torch.ones(1), torch.ones(1), alpha=2), torch.mul(torch.ones(1), 2), torch.add(1, torch.ones(1)), torch.rsub(torch.ones(1), 3)
torch.tensor([1.0, 2]).add(1).mul(2).sub(1).div(2), torch.tensor([3]).add_(1), torch.true_divide(torch.tensor([3]), 2), torch.floor_divide(torch.tensor([3]), 2)
torch.ones(2).requires_grad, torch.ones(2, requires_grad=True).is_leaf, torch.ones(2).grad, torch.ones(2).grad_fn, (torch.ones(2, requires_grad=True) * 2).is_leaf
torch.ones(2).data_ptr() != 0, torch.ones(2).element_size(), torch.ones(2).storage_offset(), torch.ones(4)[2:].storage_offset(), torch.ones(2).nbytes
torch.ones(2, 3).t().is_contiguous(), torch.ones(2, 3).t().clone().is_contiguous(), torch.ones(2, 3).t().contiguous().stride(), torch.ones(2, 3).t().reshape(2, 3).stride()
(torch.ones(2, 3).t() + 1).stride(), torch.zeros_like(torch.ones(2, 3).t()).stride(), torch.ones(2, 3).t().float().stride(), torch.ones(2, 3).t().double().stride()
torch.ones(2, 3)[:, 1].is_contiguous(), torch.ones(2, 3).permute(1, 0).contiguous().is_contiguous(), torch.ones(1, 3).t().is_contiguous(), torch.ones(3, 1).expand(3, 2).clone().stride()
hash(torch.ones(1)) is not None, {torch.ones(1): 1} is not None, torch.ones(2).__class__.__name__, type(torch.ones(2)) is torch.Tensor
f"{torch.tensor(2.5):.3f}", f"{torch.tensor(3)}", f"{torch.tensor([1.0])}", "%.2f" % torch.tensor(1.5), "{:>6}".format(torch.tensor(2)), f"{torch.tensor(3):d}", f"{torch.tensor(0.5):.0%}"
str(torch.tensor([1.0, 2])), repr(torch.tensor(3)), str(torch.tensor([True])), repr(torch.ones(2, requires_grad=True) * 2), str(torch.tensor([[1, 2], [3, 4]]))
torch.tensor([1e10, 1]), repr(torch.tensor([1e10, 1])), repr(torch.tensor([0.00001, 1])), repr(torch.tensor([1.5, float("nan")])), repr(torch.tensor([]))
repr(torch.tensor([1 + 2j])), repr(torch.arange(2000.0)), repr(torch.zeros(2, 0)), repr(torch.tensor(1.0, dtype=torch.float64)), repr(torch.tensor([1], dtype=torch.uint8))
repr((torch.ones(2, requires_grad=True) + 1).sum()), repr(torch.ones(2, requires_grad=True).exp())
repr(torch.Size([1, 2])), str(torch.ones(2, 3).shape), f"{torch.ones(2).shape}", repr(torch.ones(1, 1, requires_grad=True) @ torch.ones(1, 1))
repr(torch.ones(2, requires_grad=True)[0]), repr(torch.ones(2, requires_grad=True).view(1, 2)), repr(torch.ones(2, requires_grad=True).mean()), repr(-torch.ones(1, requires_grad=True))
""")

OBJECTS = blocks("""
# pickling keeps values and requires_grad
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = pickle.loads(pickle.dumps(x))
y, y.requires_grad, y.is_leaf

# pickling of views and dtypes
x = torch.arange(6, dtype=torch.int32).reshape(2, 3).t()
pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(torch.float64)), pickle.loads(pickle.dumps(torch.Size([1, 2])))

# deepcopy
x = torch.ones(2, requires_grad=True)
x.sum().backward()
y = copy.deepcopy(x)
y.data[0] = 5
x, y, y.grad, y.requires_grad

# deepcopy of a list that holds one tensor twice
x = torch.ones(2)
a, b = copy.deepcopy([x, x])
a is b, a is x

# deepcopy of a middle value
copy.deepcopy(torch.ones(2, requires_grad=True) * 2)

# copy shares memory
x = torch.ones(2)
y = copy.copy(x)
y[0] = 5
x

# clone does not
x = torch.ones(2, requires_grad=True)
y = x.clone()
y.sum().backward()
y.is_leaf, x.grad

# from_numpy shares memory both ways
a = np.zeros(3, dtype=np.float32)
x = torch.from_numpy(a)
a[0] = 1
x[1] = 2
x.numpy()[2] = 3
a, x

# tensor copies
a = np.zeros(2)
x, y = torch.tensor(a), torch.as_tensor(a)
a[0] = 1
x, y

# default dtype
torch.set_default_dtype(torch.float64)
x = [torch.ones(1).dtype, torch.tensor([1.5]).dtype, torch.arange(2.0).dtype, torch.randn(1).dtype, (torch.tensor([1]) / 2).dtype, torch.tensor(1j).dtype]
torch.set_default_dtype(torch.float32)
x

# default dtype refuses integers
torch.set_default_dtype(torch.int64)

# attributes of one's own
x = torch.ones(2)
x.tag = "mine"
x.tag

# no such attribute
torch.ones(2).nothing

# subclass of Parameter by hand
p = torch.nn.Parameter(torch.ones(2))
isinstance(p, torch.Tensor), p.requires_grad, type(p + 1) is torch.Tensor, type(p.data) is torch.Tensor

# methods from the class
torch.Tensor.add(torch.ones(2), 1), torch.Tensor.relu(torch.tensor([-1.0, 1.0])), list(map(torch.Tensor.item, torch.arange(3)))

# functools and builtins
functools.reduce(lambda a, b: a * b, torch.arange(1, 5)), sum([torch.ones(2), torch.ones(2)]), math.sqrt(torch.tensor(4.0)), math.floor(torch.tensor(2.5))

# isinstance of numbers
isinstance(torch.tensor(1).item(), int), isinstance(torch.tensor(1.0).tolist(), float), type(torch.ones(2).shape[0]) is int

# iteration gives views
x = torch.zeros(2, 2)
for row in x:
    row += 1
x

# enumerate, zip, unpacking
a, b = torch.tensor([1, 2])
(c, d), e = torch.ones(2, 2), 3
a, b, [i * v for i, v in enumerate(torch.tensor([5, 6]))], [x + y for x, y in zip(torch.arange(2), torch.arange(2))], c

# comparison chains and conditions
x = torch.tensor(3)
(1 < x < 5, x > 2 and x < 4, not x, x == 3)

# any and all of Python
any(torch.tensor([False, True])), all(torch.tensor([1, 0])), torch.tensor(1) if torch.tensor([1.0]) > 0 else 0

# random state
torch.manual_seed(3)
a = torch.rand(2)
state = torch.get_rng_state()
b = torch.rand(2)
torch.set_rng_state(state)
c = torch.rand(2)
torch.manual_seed(3)
torch.equal(a, torch.rand(2)), torch.equal(b, c)

# generators
g = torch.Generator().manual_seed(1)
a = torch.randn(2, generator=g)
g.manual_seed(1)
torch.equal(a, torch.randn(2, generator=g)), torch.randperm(4, generator=g).shape, torch.randint(3, (2,), generator=g).shape

# print options
torch.set_printoptions(precision=2, sci_mode=False)
s = str(torch.tensor([1.23456, 1e-6]))
torch.set_printoptions(profile="default")
s

# inference mode
with torch.inference_mode():
    x = torch.ones(2, requires_grad=True) * 2
x.requires_grad

# no_grad as a decorator
@torch.no_grad()
def f(x):
    return x * 2
f(torch.ones(1, requires_grad=True)).requires_grad

# set_grad_enabled as a context
with torch.set_grad_enabled(False):
    x = torch.ones(1, requires_grad=True) * 2
x.requires_grad, torch.is_grad_enabled()

# numpy on a loss
losses = [torch.tensor(1.5), torch.tensor(2.5)]
np.mean([l.item() for l in losses]), np.mean(losses), torch.stack(losses).mean(), sum(losses) / len(losses)

# np functions on a tensor
x = torch.arange(4.0)
np.sum(x.numpy()), np.max(np.asarray(x)), np.concatenate([x, x]), np.argmax(x)

# dtype of numpy results
torch.from_numpy(np.random.rand(2)).dtype, torch.from_numpy(np.random.rand(2)).float().dtype, torch.tensor(np.random.rand(2)).dtype

# array interface
x = torch.arange(3)
memoryview(np.asarray(x)).nbytes, np.asarray(x).base is not None or True, x.numpy().flags.writeable
""")

COMPLEX = blocks("""
# parts
z = torch.tensor([3 + 4j, -1j])
z.real, z.imag, z.abs(), z.angle(), z.conj().resolve_conj(), torch.view_as_real(z), z.dtype

# making
torch.complex(torch.tensor([1.0]), torch.tensor([2.0])), torch.polar(torch.tensor([2.0]), torch.tensor([math.pi / 2])), torch.view_as_complex(torch.tensor([[1.0, 2.0]]))

# arithmetic
z = torch.tensor([1 + 2j, 3 - 1j])
z * z, z + 1, z / (1 + 1j), z * 2.5, -z, z**2, z == z, z.sum(), z.mean(), z.prod(), z.exp(), z.sqrt(), z.log()

# promotion
(torch.ones(2) * 1j).dtype, (torch.ones(2, dtype=torch.float64) + 1j).dtype, (torch.tensor([1]) + 1j).dtype, torch.ones(2).to(torch.complex64)

# to real
torch.tensor([1 + 2j]).real.dtype, torch.is_complex(torch.tensor([1j])), torch.isreal(torch.tensor([1 + 0j, 1j]))

# gradient of |z|^2
z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
(z.abs() ** 2).sum().backward()
z.grad

# gradient of real parts of products
z, w = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True), torch.tensor([2 - 1j, 1 + 1j], requires_grad=True)
((z * w).real.sum() + (z / w).imag.sum()).backward()
z.grad, w.grad

# gradient through exp and conj
z = torch.tensor([0.1 + 0.2j, 0.3 - 0.1j], requires_grad=True)
(z.exp() * z.conj()).abs().sum().backward()
z.grad

# gradient through matmul
a = torch.tensor([[1 + 1j, 2], [0.5j, 1]], requires_grad=True)
b = torch.tensor([[1.0 - 1j, 0], [2, 1j]], requires_grad=True)
(a @ b).abs().sum().backward()
a.grad, b.grad

# gradient of rotary embeddings
x = torch.arange(8.0).reshape(1, 2, 4).requires_grad_()
freqs = torch.polar(torch.ones(2, 2), torch.outer(torch.arange(2.0), torch.tensor([1.0, 0.1])))
y = torch.view_as_real(torch.view_as_complex(x.reshape(1, 2, 2, 2)) * freqs).flatten(2)
(y * torch.arange(8.0).reshape(1, 2, 4)).sum().backward()
y, x.grad

# gradient of view_as_real
z = torch.tensor([1 + 2j], requires_grad=True)
(torch.view_as_real(z) * torch.tensor([2.0, 3.0])).sum().backward()
z.grad

# gradient of polar and angle
r, t = torch.tensor([2.0], requires_grad=True), torch.tensor([0.5], requires_grad=True)
z = torch.polar(r, t)
(z.real * 2 + z.imag).sum().backward()
r.grad, t.grad

# gradient of the angle
z = torch.tensor([1 + 2j, -1 + 0.5j], requires_grad=True)
z.angle().sum().backward()
z.grad

# real leaves in complex results
x = torch.tensor([1.0, 2.0], requires_grad=True)
((x * (1 + 2j)).abs().sum() + (x * 1j).imag.sum()).backward()
x.grad

# real and imag share memory
z = torch.tensor([1 + 2j])
z.real[0] = 5
z.imag.mul_(2)
z

# view_as_complex shares memory
x = torch.zeros(1, 2)
torch.view_as_complex(x)[0] = 1 + 2j
x

# imag of a real tensor
torch.ones(2).imag

# ordering
torch.tensor([1j]) < torch.tensor([2j])

# fft
x = torch.tensor([1.0, 2, 3, 4])
torch.fft.fft(x), torch.fft.ifft(torch.fft.fft(x)).real, torch.fft.rfft(x), torch.fft.irfft(torch.fft.rfft(x), n=4), torch.fft.fftfreq(4), torch.fft.fftshift(x)

# fft2 and its gradient
x = torch.arange(6.0).reshape(2, 3).requires_grad_()
(torch.fft.fft2(x).abs().sum() + torch.fft.rfft2(x).real.sum()).backward()
x.grad

# irfft's gradient
z = torch.tensor([1 + 0j, 2 + 1j, 3 - 1j], requires_grad=True)
(torch.fft.irfft(z) * torch.arange(4.0)).sum().backward()
z.grad

# fft settings
x = torch.arange(12.0).reshape(3, 4)
torch.fft.fft(x, n=2, dim=0), torch.fft.fft(x, norm="ortho"), torch.fft.ifft2(x, s=(2, 6)), torch.fft.rfftn(x), torch.fft.fftn(x, dim=(0,)), torch.fft.hfft(x[0]) if False else 0
""")
