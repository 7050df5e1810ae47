// Softmax and the cross-entropy on top of it: one block for each row of C scores. Each row's largest score is subtracted
// first, so that no exp overflows.

extern "C" __global__ void softmax_forward(const T *__restrict__ x, T *out, int C) {
    const T *row = x + (long long)blockIdx.x * C;
    T top = -INF, total = 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) top = row[c] > top || row[c] != row[c] ? row[c] : top;
    top = block_max(top);
    for (int c = threadIdx.x; c < C; c += blockDim.x) total += exp(row[c] - top);
    total = block_sum(total);
    for (int c = threadIdx.x; c < C; c += blockDim.x) out[(long long)blockIdx.x * C + c] = exp(row[c] - top) / total;
}

extern "C" __global__ void log_softmax_forward(const T *__restrict__ x, T *out, int C) {
    const T *row = x + (long long)blockIdx.x * C;
    T top = -INF, total = 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) top = row[c] > top || row[c] != row[c] ? row[c] : top;
    top = block_max(top);
    for (int c = threadIdx.x; c < C; c += blockDim.x) total += exp(row[c] - top);
    total = log(block_sum(total));
    for (int c = threadIdx.x; c < C; c += blockDim.x) out[(long long)blockIdx.x * C + c] = row[c] - top - total;
}

// Each row's loss, -log softmax at the target; its largest score, and the sum of the exps of all scores' distances to it.
// A target outside 0..C-1 gives NaN: the host does not wait to look at targets, so this is where a mistake shows.
extern "C" __global__ void cross_entropy_forward(
    const T *__restrict__ x, const long long *__restrict__ target, T *losses, T *tops, T *totals, int C
) {
    const T *row = x + (long long)blockIdx.x * C;
    T top = -INF, total = 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) top = row[c] > top || row[c] != row[c] ? row[c] : top;
    top = block_max(top);
    for (int c = threadIdx.x; c < C; c += blockDim.x) total += exp(row[c] - top);
    total = block_sum(total);
    if (threadIdx.x) return;
    long long right = target[blockIdx.x];
    losses[blockIdx.x] = right >= 0 && right < C ? log(total) - (row[right] - top) : INF - INF;
    tops[blockIdx.x] = top;
    totals[blockIdx.x] = total;
}

// (softmax - one_hot(target)) * g: a thread for each of n = N * C scores.
extern "C" __global__ void cross_entropy_gradient(
    const T *__restrict__ x, const T *__restrict__ tops, const T *__restrict__ totals,
    const long long *__restrict__ target, const T *__restrict__ g, T *out, int n, int C
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int row = i / C, c = i % C;
    T share = exp(x[i] - tops[row]) * (g[row] / totals[row]);
    out[i] = target[row] == c ? share - g[row] : share;
}
