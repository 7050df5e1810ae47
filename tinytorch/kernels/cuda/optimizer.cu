// One step of an optimizer for all parameters at once: one launch in place of dozens.
//
// A row of `tables` says where the arrays of one parameter lie in memory: the parameter, its gradient, and what the rule
// remembers, `columns` addresses in all. A block works on one piece of one parameter: block b on piece `piece[2*b + 1]` of the
// parameter in row `piece[2*b]`, which has `sizes[row]` elements.

const int PIECE = 4096;  // elements of a block

struct Slice { T *p, *g, *m, *v, *top; int begin, end; };

__device__ __forceinline__ Slice slice_of(const long long *tables, int columns, const int *piece, const int *sizes) {
    int row = piece[2 * blockIdx.x], begin = piece[2 * blockIdx.x + 1] * PIECE;
    const long long *at = tables + (long long)row * columns;
    Slice s;
    s.p = (T *)at[0];
    s.g = (T *)at[1];
    s.m = columns > 2 ? (T *)at[2] : 0;
    s.v = columns > 3 ? (T *)at[3] : 0;
    s.top = columns > 4 ? (T *)at[4] : 0;
    s.begin = begin + threadIdx.x;
    s.end = min(begin + PIECE, sizes[row]);
    return s;
}

// Without momentum a row has two columns, and the last three numbers do not matter.
extern "C" __global__ void sgd(
    const long long *tables, int columns, const int *piece, const int *sizes,
    T lr, T weight_decay, T momentum, T damping, int nesterov
) {
    Slice s = slice_of(tables, columns, piece, sizes);
    for (int i = s.begin; i < s.end; i += blockDim.x) {
        T g = s.g[i] + weight_decay * s.p[i];
        if (s.m) {
            T b = momentum * s.m[i] + damping * g;
            s.m[i] = b;
            g = nesterov ? g + momentum * b : b;
        }
        s.p[i] -= lr * g;
    }
}

// `decay` is what the parameter is multiplied with (AdamW), weight_decay what of it is added to the gradient (Adam); `rate` is
// lr / (1 - beta1**t) and `root` the square root of 1 - beta2**t. A fifth column holds the largest v so far (amsgrad).
extern "C" __global__ void adam(
    const long long *tables, int columns, const int *piece, const int *sizes,
    T rate, T root, T beta1, T beta2, T eps, T decay, T weight_decay
) {
    Slice s = slice_of(tables, columns, piece, sizes);
    for (int i = s.begin; i < s.end; i += blockDim.x) {
        T g = s.g[i] + weight_decay * s.p[i];
        T m = s.m[i] + (1 - beta1) * (g - s.m[i]), v = beta2 * s.v[i] + (1 - beta2) * g * g;
        s.m[i] = m;
        s.v[i] = v;
        if (s.top) s.top[i] = v = max(v, s.top[i]);
        s.p[i] = s.p[i] * decay - rate * m / (sqrt(v) / root + eps);
    }
}

// Each block's sum of squares: what the norm of all gradients is the root of the sum of.
extern "C" __global__ void squares(const long long *tables, int columns, const int *piece, const int *sizes, T *out) {
    Slice s = slice_of(tables, columns, piece, sizes);
    T sum = 0;
    for (int i = s.begin; i < s.end; i += blockDim.x) sum += s.p[i] * s.p[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}
