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

// g where the result of relu is above 0, and 0 elsewhere.
extern "C" __global__ void relu_gradient(const T *__restrict__ g, const T *__restrict__ y, T *out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = y[i] <= 0 ? (T)0 : g[i];
}

// Each x is 0 where its random number is below the threshold, p times 2**32, and otherwise times scale.
extern "C" __global__ void dropout_forward(
    const T *__restrict__ x, T *out, bool *kept, int n, unsigned threshold, T scale, unsigned key0, unsigned key1
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    bool keep = hashed(i, key0, key1) >= threshold;
    kept[i] = keep;
    out[i] = x[i] * (T)keep * scale;
}

extern "C" __global__ void dropout_backward(const T *__restrict__ g, const bool *__restrict__ kept, T *out, int n, T scale) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = g[i] * (T)kept[i] * scale;
}

extern "C" __global__ void random_uniform(T *out, int n, T low, T range, unsigned key0, unsigned key1) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) out[i] = low + range * unit(hashed(i, key0, key1));
}

// Two uniform numbers give two normal ones. Box and Muller 1958.
extern "C" __global__ void random_normal(T *out, int n, T mean, T std, unsigned key0, unsigned key1) {
    int i = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= n) return;
    T far = std * sqrt((T)-2 * log(1 - unit(hashed(i, key0, key1))));
    T turn = 2 * unit(hashed(i + 1, key0, key1));  // an angle, in units of pi
    out[i] = mean + far * cospi(turn);
    if (i + 1 < n) out[i + 1] = mean + far * sinpi(turn);
}
