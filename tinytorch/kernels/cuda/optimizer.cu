// One step of an optimizer for all parameters at once: one launch in place of dozens.
//
// `tables` holds, for each of the tensors, where its arrays lie in memory: parameter, gradient and what the rule remembers,
// `columns` addresses a row. A block works on one piece of one tensor: `piece_of[b]` is the tensor of block b, and
// `first_piece[t]` the first block of tensor t, `sizes[t]` its number of elements. `factor` scales all gradients, and is on
// the device, since clipping computes it there; null means 1.

const int PIECE = 4096;  // elements of a block

struct Slice { T *p, *g, *m, *v, *top; int begin, end; T factor; };

__device__ __forceinline__ Slice slice_of(
    const long long *tables, int columns, const int *piece_of, const int *first_piece, const int *sizes, const T *factor
) {
    int t = piece_of[blockIdx.x], begin = ((int)blockIdx.x - first_piece[t]) * PIECE;
    const long long *row = tables + (long long)t * columns;
    Slice s;
    s.p = (T *)row[0];
    s.g = (T *)row[1];
    s.m = columns > 2 ? (T *)row[2] : 0;
    s.v = columns > 3 ? (T *)row[3] : 0;
    s.top = columns > 4 ? (T *)row[4] : 0;
    s.begin = begin + threadIdx.x;
    s.end = min(begin + PIECE, sizes[t]);
    s.factor = factor ? *factor : (T)1;
    return s;
}

extern "C" __global__ void sgd(
    const long long *tables, int columns, const int *piece_of, const int *first_piece, const int *sizes, const T *factor,
    T lr, T momentum, T damping, T weight_decay, int nesterov, T sign
) {
    Slice s = slice_of(tables, columns, piece_of, first_piece, sizes, factor);
    for (int i = s.begin; i < s.end; i += blockDim.x) {
        T g = sign * s.factor * s.g[i] + weight_decay * s.p[i];
        if (s.m) {
            T b = momentum * s.m[i] + damping * g;
            s.m[i] = b;
            g = nesterov ? g + momentum * b : b;
        }
        s.p[i] -= lr * g;
    }
}

// decay: what the parameter is multiplied with (AdamW); weight_decay: what of it is added to the gradient (Adam).
extern "C" __global__ void adam(
    const long long *tables, int columns, const int *piece_of, const int *first_piece, const int *sizes, const T *factor,
    T rate, T keep1, T keep2, T root, T eps, T weight_decay, T decay, T sign
) {
    Slice s = slice_of(tables, columns, piece_of, first_piece, sizes, factor);
    for (int i = s.begin; i < s.end; i += blockDim.x) {
        T p = s.p[i] * decay, g = sign * s.factor * s.g[i] + weight_decay * s.p[i];
        T m = s.m[i] + (1 - keep1) * (g - s.m[i]), v = keep2 * s.v[i] + (1 - keep2) * g * g;
        s.m[i] = m;
        s.v[i] = v;
        if (s.top) s.top[i] = v = max(v, s.top[i]);
        s.p[i] = p - rate * m / (sqrt(v) / root + eps);
    }
}

// Each block's sum of squared gradients; the norm of all gradients is the root of the sum of those.
extern "C" __global__ void squares(
    const long long *tables, int columns, const int *piece_of, const int *first_piece, const int *sizes, T *out
) {
    Slice s = slice_of(tables, columns, piece_of, first_piece, sizes, 0);
    T sum = 0;
    for (int i = s.begin; i < s.end; i += blockDim.x) sum += s.g[i] * s.g[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}
