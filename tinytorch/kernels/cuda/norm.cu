// Batch norm and layer norm.

// ---------------------------------------------------------------- batch norm: one block for each channel
//
// x is (N, C, P). A channel's N * P numbers lie in N runs of P. A thread walks through them in steps of blockDim without
// dividing: `run` and `place` move on by the step's quotient and remainder.

// Count, mean and sum of squared distances from it, of some of a channel's numbers: what can be merged without ever taking
// the difference of two large sums. Chan, Golub and LeVeque 1979.
struct Moments { T count, mean, squares; };

__device__ __forceinline__ Moments merged(Moments a, Moments b) {
    T count = a.count + b.count;
    if (count == 0) return a;
    T apart = b.mean - a.mean, share = b.count / count;
    Moments both = {count, a.mean + apart * share, a.squares + b.squares + apart * apart * a.count * share};
    return both;
}

__device__ __forceinline__ Moments warp_moments(Moments m) {
    for (int step = 16; step; step /= 2) {
        Moments other;
        other.count = __shfl_xor_sync(~0u, m.count, step);
        other.mean = __shfl_xor_sync(~0u, m.mean, step);
        other.squares = __shfl_xor_sync(~0u, m.squares, step);
        m = merged(m, other);
    }
    return m;
}

__device__ __forceinline__ Moments block_moments(Moments m) {
    __shared__ Moments parts[32];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    m = warp_moments(m);
    if (lane == 0) parts[warp] = m;
    __syncthreads();
    Moments none = {0, 0, 0};
    return warp_moments(lane < blockDim.x / 32 ? parts[lane] : none);
}

extern "C" __global__ void batch_norm_forward(
    const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ bias, T *out, T *mean, T *var, T *rstd,
    int N, int C, int P, T eps
) {
    int c = blockIdx.x, runs = blockDim.x / P, places = blockDim.x % P;
    Moments m = {0, 0, 0};
    for (int run = threadIdx.x / P, place = threadIdx.x % P; run < N; run += runs, place += places) {
        if (place >= P) {
            place -= P;
            if (++run >= N) break;
        }
        T v = x[((long long)run * C + c) * P + place], apart = v - m.mean;  // Welford 1962
        m.count += 1;
        m.mean += apart / m.count;
        m.squares += apart * (v - m.mean);
    }
    m = block_moments(m);
    T variance = m.squares / m.count, inverse = 1 / sqrt(variance + eps);
    if (threadIdx.x == 0) {
        mean[c] = m.mean;
        var[c] = variance;
        rstd[c] = inverse;
    }
    T scale = weight ? inverse * weight[c] : inverse, shift = bias ? bias[c] : (T)0;
    for (int run = threadIdx.x / P, place = threadIdx.x % P; run < N; run += runs, place += places) {
        if (place >= P) {
            place -= P;
            if (++run >= N) break;
        }
        long long i = ((long long)run * C + c) * P + place;
        out[i] = (x[i] - m.mean) * scale + shift;
    }
}

// With y = (x - mean) * rstd: gx = weight * rstd * (g - mean(g) - y * mean(g * y)).
extern "C" __global__ void batch_norm_backward(
    const T *__restrict__ g, const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ mean,
    const T *__restrict__ rstd, T *gx, T *gweight, T *gbias, int N, int C, int P
) {
    int c = blockIdx.x, runs = blockDim.x / P, places = blockDim.x % P;
    T center = mean[c], inverse = rstd[c], sum = 0, product = 0;
    for (int run = threadIdx.x / P, place = threadIdx.x % P; run < N; run += runs, place += places) {
        if (place >= P) {
            place -= P;
            if (++run >= N) break;
        }
        long long i = ((long long)run * C + c) * P + place;
        sum += g[i];
        product += g[i] * (x[i] - center);
    }
    sum = block_sum(sum);
    product = block_sum(product) * inverse;
    if (threadIdx.x == 0) {
        gbias[c] = sum;
        gweight[c] = product;
    }
    T count = (T)N * P, scale = weight ? inverse * weight[c] : inverse;
    T level = sum / count, slope = inverse * product / count;
    for (int run = threadIdx.x / P, place = threadIdx.x % P; run < N; run += runs, place += places) {
        if (place >= P) {
            place -= P;
            if (++run >= N) break;
        }
        long long i = ((long long)run * C + c) * P + place;
        gx[i] = (g[i] - level - (x[i] - center) * slope) * scale;
    }
}

// ---------------------------------------------------------------- layer norm: one block for each row of D numbers

extern "C" __global__ void layer_norm_forward(
    const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ bias, T *out, T *mean, T *rstd, int D, T eps
) {
    const T *row = x + (long long)blockIdx.x * D;
    T sum = 0, squares = 0;
    for (int d = threadIdx.x; d < D; d += blockDim.x) sum += row[d];
    T center = block_sum(sum) / D;
    for (int d = threadIdx.x; d < D; d += blockDim.x) squares += (row[d] - center) * (row[d] - center);
    T inverse = 1 / sqrt(block_sum(squares) / D + eps);
    for (int d = threadIdx.x; d < D; d += blockDim.x)
        out[(long long)blockIdx.x * D + d] = (row[d] - center) * inverse * (weight ? weight[d] : (T)1) + (bias ? bias[d] : (T)0);
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = center;
        rstd[blockIdx.x] = inverse;
    }
}

// With y = (x - mean) * rstd and h = g * weight: gx = rstd * (h - mean(h) - y * mean(h * y)).
extern "C" __global__ void layer_norm_backward(
    const T *__restrict__ g, const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ mean,
    const T *__restrict__ rstd, T *gx, int D
) {
    long long first = (long long)blockIdx.x * D;
    T center = mean[blockIdx.x], inverse = rstd[blockIdx.x], sum = 0, product = 0;
    for (int d = threadIdx.x; d < D; d += blockDim.x) {
        T h = weight ? g[first + d] * weight[d] : g[first + d];
        sum += h;
        product += h * (x[first + d] - center) * inverse;
    }
    sum = block_sum(sum) / D;
    product = block_sum(product) / D;
    for (int d = threadIdx.x; d < D; d += blockDim.x) {
        T h = weight ? g[first + d] * weight[d] : g[first + d];
        gx[first + d] = (h - sum - (x[first + d] - center) * inverse * product) * inverse;
    }
}

// The gradients of weight and bias are sums over all R rows. Blocks of (32, 8) threads take 32 columns and `rows` rows each,
// and write one partial sum; (gridDim.y, D) of them are added up afterwards, always in the same order.
extern "C" __global__ void layer_norm_backward_weight(
    const T *__restrict__ g, const T *__restrict__ x, const T *__restrict__ mean, const T *__restrict__ rstd,
    T *gweight, T *gbias, int R, int D, int rows
) {
    __shared__ T weights[8][32], biases[8][32];
    int d = blockIdx.x * 32 + threadIdx.x, end = min(R, ((int)blockIdx.y + 1) * rows);
    T sum = 0, product = 0;
    if (d < D)
        for (int r = blockIdx.y * rows + threadIdx.y; r < end; r += 8) {
            long long i = (long long)r * D + d;
            sum += g[i];
            product += g[i] * (x[i] - mean[r]) * rstd[r];
        }
    weights[threadIdx.y][threadIdx.x] = product;
    biases[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y || d >= D) return;
    for (int y = 1; y < 8; y++) {
        product += weights[y][threadIdx.x];
        sum += biases[y][threadIdx.x];
    }
    gweight[(long long)blockIdx.y * D + d] = product;
    gbias[(long long)blockIdx.y * D + d] = sum;
}
