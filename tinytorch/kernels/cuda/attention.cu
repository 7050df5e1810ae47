// Attention without its T x S weights in memory (FlashAttention: Dao et al. 2022, arXiv:2205.14135).
//
// A block takes R queries and walks through the keys, C at a time. Softmax needs each row's maximum and sum before it can
// be applied; instead they are kept up to date, and what was summed under an older maximum is scaled down when a larger one
// turns up. Compiled for one number of features, D = 32, 64 or 128 (smaller heads are read as if zeros stood behind them).
//
// Arrays are (B*H, T, D) with the strides of their rows; a mask is added to the scores and has a stride for each dim, 0
// where it broadcasts. 256 threads, as 16 x 16.

const int R = D > 64 ? 32 : 64;  // queries of a block in the forward pass
const int C = 32;                // keys at a time
const int PAD = D + 1;           // so that the elements of a column lie in different banks of shared memory

__device__ __forceinline__ T masked(
    T score, int t, int s, int Tq, int S, int causal, const T *mask, long long mask_t, long long mask_s
) {
    if (t >= Tq || s >= S || (causal && s > t)) return -INF;
    return mask ? score + mask[t * mask_t + s * mask_s] : score;
}

// Rows `first` to `first + count` of (rows, d) numbers into shared memory, zeros where there are none.
__device__ __forceinline__ void tile_load(T *to, const T *from, int first, int count, int rows, int d, T scale) {
    for (int e = threadIdx.x; e < count * D; e += 256) {
        int r = e / D, k = e % D;
        to[r * PAD + k] = first + r < rows && k < d ? from[(long long)(first + r) * d + k] * scale : (T)0;
    }
}

extern "C" __global__ void __launch_bounds__(256) attention_forward(
    const T *__restrict__ q, const T *__restrict__ k, const T *__restrict__ v, const T *__restrict__ mask,
    T *out, T *denominators, int heads, int Tq, int S, int d, int dv, T scale, int causal,
    long long mask_b, long long mask_h, long long mask_t, long long mask_s
) {
    __shared__ T queries[R * PAD], both[C * PAD], weights[R * (C + 1)], tops[R], totals[R], shrink[R];
    int ty = threadIdx.x / 16, tx = threadIdx.x % 16, head = blockIdx.y, first = blockIdx.x * R;
    q += (long long)head * Tq * d;
    k += (long long)head * S * d;
    v += (long long)head * S * dv;
    if (mask) mask += head / heads * mask_b + head % heads * mask_h;
    tile_load(queries, q, first, R, Tq, d, scale);
    if (threadIdx.x < R) {
        tops[threadIdx.x] = -INF;
        totals[threadIdx.x] = 0;
    }
    T sums[R / 16][D / 16];
    for (int i = 0; i < R / 16; i++)
        for (int j = 0; j < D / 16; j++) sums[i][j] = 0;

    int end = causal ? min(S, first + R) : S;  // the keys after the last query are not needed
    for (int start = 0; start < end; start += C) {
        __syncthreads();  // the values of the keys before have been used
        tile_load(both, k, start, C, S, d, 1);
        __syncthreads();
        T scores[R / 16][C / 16];
        for (int i = 0; i < R / 16; i++)
            for (int j = 0; j < C / 16; j++) scores[i][j] = 0;
        for (int e = 0; e < D; e++)
            for (int i = 0; i < R / 16; i++)
                for (int j = 0; j < C / 16; j++)
                    scores[i][j] += queries[(ty + 16 * i) * PAD + e] * both[(tx + 16 * j) * PAD + e];
        for (int i = 0; i < R / 16; i++)
            for (int j = 0; j < C / 16; j++) {
                int r = ty + 16 * i, s = tx + 16 * j;
                weights[r * (C + 1) + s] = masked(scores[i][j], first + r, start + s, Tq, S, causal, mask, mask_t, mask_s);
            }
        __syncthreads();
        tile_load(both, v, start, C, S, dv, 1);
        if (threadIdx.x < R) {  // one thread for each row's softmax
            T *row = weights + threadIdx.x * (C + 1), top = tops[threadIdx.x], before = top, total = 0;
            for (int s = 0; s < C; s++) top = max(top, row[s]);
            T center = top == -INF ? (T)0 : top;
            for (int s = 0; s < C; s++) total += row[s] = exp(row[s] - center);
            T factor = exp(before - center);
            shrink[threadIdx.x] = factor;
            totals[threadIdx.x] = totals[threadIdx.x] * factor + total;
            tops[threadIdx.x] = top;
        }
        __syncthreads();
        for (int i = 0; i < R / 16; i++)
            for (int j = 0; j < D / 16; j++) sums[i][j] *= shrink[ty + 16 * i];
        for (int s = 0; s < C; s++)
            for (int i = 0; i < R / 16; i++)
                for (int j = 0; j < D / 16; j++)
                    sums[i][j] += weights[(ty + 16 * i) * (C + 1) + s] * both[s * PAD + tx + 16 * j];
    }
    __syncthreads();
    for (int i = 0; i < R / 16; i++) {
        int r = ty + 16 * i, t = first + r;
        T total = totals[r];
        for (int j = 0; j < D / 16; j++)
            if (t < Tq && tx + 16 * j < dv)
                out[((long long)head * Tq + t) * dv + tx + 16 * j] = total == 0 ? (T)0 : sums[i][j] / total;
        if (t < Tq && tx == 0) denominators[(long long)head * Tq + t] = total == 0 ? INF : log(total) + tops[r];
    }
}

// ---------------------------------------------------------------- backward
//
// With p the weights, made again from the scores and the denominators, and shared = sum over features of g * out:
//   dv = p.T @ g,   ds = p * (g @ v.T - shared) * scale,   dq = ds @ k,   dk = ds.T @ q.
// Two kernels, so that nobody adds to what another block adds to: one walks through the queries for a block's keys, the
// other through the keys for a block's queries.

const int B = D > 64 ? 16 : 32;  // queries and keys of a tile

// p and ds of one tile: queries and g, (B, D) each, against keys and values.
__device__ __forceinline__ void tile_weights(
    T *p, T *ds, const T *queries, const T *gs, const T *keys, const T *values, const T *denominators, const T *shared,
    int t0, int s0, int Tq, int S, T scale, int causal, const T *mask, long long mask_t, long long mask_s
) {
    int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
    for (int i = 0; i < B / 16; i++)
        for (int j = 0; j < B / 16; j++) {
            int r = ty + 16 * i, s = tx + 16 * j, t = t0 + r;
            T score = 0, slope = 0;
            for (int e = 0; e < D; e++) {
                score += queries[r * PAD + e] * keys[s * PAD + e];
                slope += gs[r * PAD + e] * values[s * PAD + e];
            }
            score = masked(score * scale, t, s0 + s, Tq, S, causal, mask, mask_t, mask_s);
            T weight = t < Tq ? exp(score - denominators[t]) : (T)0;
            if (p) p[r * (B + 1) + s] = weight;
            ds[r * (B + 1) + s] = t < Tq ? weight * (slope - shared[t]) * scale : (T)0;
        }
}

extern "C" __global__ void __launch_bounds__(256) attention_backward_keys(
    const T *__restrict__ g, const T *__restrict__ q, const T *__restrict__ k, const T *__restrict__ v,
    const T *__restrict__ mask, const T *__restrict__ denominators, const T *__restrict__ shared, T *dk, T *dv_out,
    int heads, int Tq, int S, int d, int dv, T scale, int causal,
    long long mask_b, long long mask_h, long long mask_t, long long mask_s
) {
    __shared__ T queries[B * PAD], gs[B * PAD], keys[B * PAD], values[B * PAD], p[B * (B + 1)], ds[B * (B + 1)];
    int ty = threadIdx.x / 16, tx = threadIdx.x % 16, head = blockIdx.y, first = blockIdx.x * B;
    q += (long long)head * Tq * d;
    g += (long long)head * Tq * dv;
    if (mask) mask += head / heads * mask_b + head % heads * mask_h;
    tile_load(keys, k + (long long)head * S * d, first, B, S, d, 1);
    tile_load(values, v + (long long)head * S * dv, first, B, S, dv, 1);
    T to_keys[B / 16][D / 16], to_values[B / 16][D / 16];
    for (int i = 0; i < B / 16; i++)
        for (int j = 0; j < D / 16; j++) to_keys[i][j] = to_values[i][j] = 0;

    for (int start = causal ? first / B * B : 0; start < Tq; start += B) {  // earlier queries do not see these keys
        __syncthreads();
        tile_load(queries, q, start, B, Tq, d, 1);
        tile_load(gs, g, start, B, Tq, dv, 1);
        __syncthreads();
        tile_weights(
            p, ds, queries, gs, keys, values, denominators + (long long)head * Tq, shared + (long long)head * Tq,
            start, first, Tq, S, scale, causal, mask, mask_t, mask_s
        );
        __syncthreads();
        for (int r = 0; r < B; r++)
            for (int i = 0; i < B / 16; i++)
                for (int j = 0; j < D / 16; j++) {
                    int s = ty + 16 * i, e = tx + 16 * j;
                    to_values[i][j] += p[r * (B + 1) + s] * gs[r * PAD + e];
                    to_keys[i][j] += ds[r * (B + 1) + s] * queries[r * PAD + e];
                }
    }
    for (int i = 0; i < B / 16; i++)
        for (int j = 0; j < D / 16; j++) {
            int s = first + ty + 16 * i, e = tx + 16 * j;
            if (s < S && e < d) dk[((long long)head * S + s) * d + e] = to_keys[i][j];
            if (s < S && e < dv) dv_out[((long long)head * S + s) * dv + e] = to_values[i][j];
        }
}

extern "C" __global__ void __launch_bounds__(256) attention_backward_queries(
    const T *__restrict__ g, const T *__restrict__ q, const T *__restrict__ k, const T *__restrict__ v,
    const T *__restrict__ mask, const T *__restrict__ denominators, const T *__restrict__ shared, T *dq,
    int heads, int Tq, int S, int d, int dv, T scale, int causal,
    long long mask_b, long long mask_h, long long mask_t, long long mask_s
) {
    __shared__ T queries[B * PAD], gs[B * PAD], keys[B * PAD], values[B * PAD], ds[B * (B + 1)];
    int ty = threadIdx.x / 16, tx = threadIdx.x % 16, head = blockIdx.y, first = blockIdx.x * B;
    k += (long long)head * S * d;
    v += (long long)head * S * dv;
    if (mask) mask += head / heads * mask_b + head % heads * mask_h;
    tile_load(queries, q + (long long)head * Tq * d, first, B, Tq, d, 1);
    tile_load(gs, g + (long long)head * Tq * dv, first, B, Tq, dv, 1);
    T sums[B / 16][D / 16];
    for (int i = 0; i < B / 16; i++)
        for (int j = 0; j < D / 16; j++) sums[i][j] = 0;

    int end = causal ? min(S, first + B) : S;
    for (int start = 0; start < end; start += B) {
        __syncthreads();
        tile_load(keys, k, start, B, S, d, 1);
        tile_load(values, v, start, B, S, dv, 1);
        __syncthreads();
        tile_weights(
            0, ds, queries, gs, keys, values, denominators + (long long)head * Tq, shared + (long long)head * Tq,
            first, start, Tq, S, scale, causal, mask, mask_t, mask_s
        );
        __syncthreads();
        for (int s = 0; s < B; s++)
            for (int i = 0; i < B / 16; i++)
                for (int j = 0; j < D / 16; j++)
                    sums[i][j] += ds[(ty + 16 * i) * (B + 1) + s] * keys[s * PAD + tx + 16 * j];
    }
    for (int i = 0; i < B / 16; i++)
        for (int j = 0; j < D / 16; j++) {
            int t = first + ty + 16 * i, e = tx + 16 * j;
            if (t < Tq && e < d) dq[((long long)head * Tq + t) * d + e] = sums[i][j];
        }
}
