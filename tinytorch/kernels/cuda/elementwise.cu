// Chains of elementwise operations in one pass over memory: on a GPU their time is that of reading and writing.

#define GELU_SCALE ((T)0.7978845608028654)  // sqrt(2 / pi)
#define GELU_CUBIC ((T)0.044715)
#define ROOT_HALF ((T)0.7071067811865476)
#define DENSITY ((T)0.3989422804014327)  // 1 / sqrt(2 pi)

extern "C" __global__ void gelu_forward(const T *__restrict__ x, T *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    out[i] = (T)0.5 * x[i] * (1 + erf(x[i] * ROOT_HALF));
}

extern "C" __global__ void gelu_gradient(const T *__restrict__ x, const T *__restrict__ g, T *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    T v = x[i];
    out[i] = g[i] * ((T)0.5 * (1 + erf(v * ROOT_HALF)) + v * exp((T)-0.5 * v * v) * DENSITY);
}

extern "C" __global__ void gelu_tanh_forward(const T *__restrict__ x, T *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    T v = x[i];
    out[i] = (T)0.5 * v * (1 + tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v)));
}

extern "C" __global__ void gelu_tanh_gradient(const T *__restrict__ x, const T *__restrict__ g, T *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    T v = x[i], t = tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v));
    out[i] = g[i] * ((T)0.5 * (1 + t) + (T)0.5 * v * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBIC * v * v));
}

// x + bias, where x is (n / C, C).
extern "C" __global__ void add_bias(T *x, const T *__restrict__ bias, int n, int C) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] += bias[i % C];
}

// Each x is 0 with probability p and otherwise times scale. A thread makes four random numbers at once, for four neighbours.
extern "C" __global__ void dropout_forward(
    const T *__restrict__ x, T *out, bool *kept, int n, T p, T scale, unsigned key0, unsigned key1
) {
    int quad = blockIdx.x * blockDim.x + threadIdx.x;
    if (quad > (n - 1) / 4) return;
    uint4 random = philox(quad, key0, key1);
    unsigned bits[4] = {random.x, random.y, random.z, random.w};
    for (int k = 0; k < 4; k++) {
        int i = 4 * quad + k;
        if (i >= n) return;
        bool keep = unit(bits[k]) >= p;
        kept[i] = keep;
        out[i] = x[i] * (T)keep * scale;
    }
}

extern "C" __global__ void random_uniform(T *out, int n, T low, T range, unsigned key0, unsigned key1) {
    int quad = blockIdx.x * blockDim.x + threadIdx.x;
    if (quad > (n - 1) / 4) return;
    uint4 random = philox(quad, key0, key1);
    unsigned bits[4] = {random.x, random.y, random.z, random.w};
    for (int k = 0; k < 4 && 4 * quad + k < n; k++) out[4 * quad + k] = low + range * unit(bits[k]);
}

// Box and Muller 1958: two uniform numbers give two normal ones.
extern "C" __global__ void random_normal(T *out, int n, T mean, T std, unsigned key0, unsigned key1) {
    int quad = blockIdx.x * blockDim.x + threadIdx.x;
    if (quad > (n - 1) / 4) return;
    uint4 random = philox(quad, key0, key1);
    T far0 = sqrt((T)-2 * log(1 - unit(random.x))), far1 = sqrt((T)-2 * log(1 - unit(random.z)));
    T turn0 = 2 * unit(random.y), turn1 = 2 * unit(random.w);  // angles in units of pi
    T drawn[4] = {far0 * cospi(turn0), far0 * sinpi(turn0), far1 * cospi(turn1), far1 * sinpi(turn1)};
    for (int k = 0; k < 4 && 4 * quad + k < n; k++) out[4 * quad + k] = mean + std * drawn[k];
}
