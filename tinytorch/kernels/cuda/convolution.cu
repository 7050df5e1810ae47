// Convolution over planes (H, W) and its two gradients, each as one matrix product whose second factor is never in memory:
// its elements are read from the image when their tile is computed ("implicit GEMM").
//
//   forward         out[o, (n, a, b)]  = sum over (c, i, j)    of weight[o, (c, i, j)] * x[n, c, a*sh - ph + i*dh, ...]
//   input gradient  gx[c, (n, h, w)]   = sum over (o, i, j)    of weight[o, c, i, j]   * g[n, o, (h + ph - i*dh) / sh, ...]
//   weight gradient gw[o, (c, i, j)]   = sum over (n, a, b)    of g[o, (n, a, b)]      * x[n, c, a*sh - ph + i*dh, ...]
//
// n: images, C and O: channels and filters of one group, (kh, kw) a filter's size, (a, b) places in the (Ho, Wo) output.
// blockIdx.z is the group. Offsets inside one image fit into an int; those of images are counted in long long.

const int TM = sizeof(T) == 4 ? 8 : 4;  // rows of the result that a thread holds: doubles take twice the registers
const int BM = 8 * TM, BN = 128;        // rows and columns of the result that a block computes
const int BK = 8;                       // terms of the sums that it takes at a time
const int FETCH = BM * BK / 128;        // elements of the first factor that a thread fetches

// One tile of a product, (BM, BN), by 128 threads: thread t fetches column t of the second factor and a piece of a row of the
// first; it computes TM rows by 4 + 4 columns, so that every number read from shared memory is used 8 times. While
// one pair of tiles is multiplied, the next one is on its way from memory: two pairs take turns.
template <class First, class Second>
__device__ __forceinline__ void tile_product(First &first, Second &second, int terms, T sums[TM][8]) {
    __shared__ T a[2][BK][BM], b[2][BK][BN];
    int t = threadIdx.x, row = t / (BK / FETCH), k0 = t % (BK / FETCH) * FETCH, ty = t / 16, tx = t % 16;
    T mine[FETCH], column[BK];
    for (int i = 0; i < TM; i++)
        for (int j = 0; j < 8; j++) sums[i][j] = 0;

    first.fetch(mine);
    second.fetch(column);
    for (int done = 0, turn = 0; done < terms; done += BK, turn ^= 1) {
        for (int k = 0; k < FETCH; k++) a[turn][k0 + k][row] = mine[k];
        for (int k = 0; k < BK; k++) b[turn][k][t] = column[k];
        __syncthreads();
        if (done + BK < terms) {
            first.fetch(mine);
            second.fetch(column);
        }
#pragma unroll
        for (int k = 0; k < BK; k++) {
            T p[TM], q[8];
            for (int i = 0; i < TM; i++) p[i] = a[turn][k][ty * TM + i];
            for (int j = 0; j < 4; j++) {
                q[j] = b[turn][k][tx * 4 + j];
                q[4 + j] = b[turn][k][64 + tx * 4 + j];
            }
            for (int i = 0; i < TM; i++)
                for (int j = 0; j < 8; j++) sums[i][j] += p[i] * q[j];
        }
    }
}

// The column of the tile that a thread's j-th sum belongs to.
__device__ __forceinline__ int column_of(int j) { return j / 4 * 64 + threadIdx.x % 16 * 4 + j % 4; }

// ---------------------------------------------------------------- what is fetched

// A matrix with its rows one after another, `terms` long: BK columns of it at a time.
struct Rows {
    const T *row;  // null below the last row
    int k, terms;

    __device__ __forceinline__ Rows(const T *matrix, int rows, int terms) : terms(terms) {
        int t = threadIdx.x, m = blockIdx.y * BM + t / (BK / FETCH);
        row = m < rows ? matrix + (long long)m * terms : 0;
        k = t % (BK / FETCH) * FETCH;
    }
    __device__ __forceinline__ void fetch(T *out) {
        for (int i = 0; i < FETCH; i++) out[i] = row && k + i < terms ? row[k + i] : (T)0;
        k += BK;
    }
};

// What one place sees: the numbers under the filter's taps (c, i, j), in this order.
struct Seen {
    const T *image;  // this image's channels; null behind the last place
    int H, W, kh, kw, dh, dw, top, left, c, i, j, channels;

    __device__ __forceinline__ void fetch(T *out) {
        for (int k = 0; k < BK; k++) {
            int h = top + i * dh, w = left + j * dw;
            bool inside = image && c < channels && h >= 0 && h < H && w >= 0 && w < W;
            out[k] = inside ? image[(c * H + h) * W + w] : (T)0;
            if (++j == kw) {
                j = 0;
                if (++i == kh) {
                    i = 0;
                    c++;
                }
            }
        }
    }
};

// What reached one element (h, w) of the input: g at the places (a, b) whose tap (i, j) saw it.
struct Reached {
    const T *image;
    int Ho, Wo, kh, kw, sh, sw, dh, dw, h, w, c, i, j, channels;

    __device__ __forceinline__ void fetch(T *out) {
        for (int k = 0; k < BK; k++) {
            int a = h - i * dh, b = w - j * dw;
            bool inside = image && c < channels && a >= 0 && b >= 0;
            if (sh > 1 || sw > 1) {
                inside = inside && a % sh == 0 && b % sw == 0;
                a /= sh;
                b /= sw;
            }
            out[k] = inside && a < Ho && b < Wo ? image[(c * Ho + a) * Wo + b] : (T)0;
            if (++j == kw) {
                j = 0;
                if (++i == kh) {
                    i = 0;
                    c++;
                }
            }
        }
    }
};

// ---------------------------------------------------------------- forward

extern "C" __global__ void __launch_bounds__(128) conv_forward(
    const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ bias, T *out,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int groups = gridDim.z, group = blockIdx.z, places = Ho * Wo, columns = N * places, terms = C * kh * kw;
    int mine = blockIdx.x * BN + threadIdx.x, n = mine / places, place = mine % places;
    Rows filters(weight + (long long)group * O * terms, O, terms);
    Seen seen = {
        mine < columns ? x + ((long long)n * groups + group) * C * H * W : 0, H, W, kh, kw, dh, dw,
        place / Wo * sh - ph, place % Wo * sw - pw, 0, 0, 0, C
    };
    T sums[TM][8];
    tile_product(filters, seen, terms, sums);
    for (int j = 0; j < 8; j++) {
        int column = blockIdx.x * BN + column_of(j);
        if (column >= columns) continue;
        T *image = out + ((long long)(column / places) * groups + group) * O * places + column % places;
        for (int i = 0; i < TM; i++) {
            int o = blockIdx.y * BM + threadIdx.x / 16 * TM + i;
            if (o < O) image[(long long)o * places] = sums[i][j] + (bias ? bias[group * O + o] : (T)0);
        }
    }
}

// ---------------------------------------------------------------- gradient of the input

// `turned` is the weight with filters and channels swapped, (groups, C, O, kh, kw): the sums run over filters.
extern "C" __global__ void __launch_bounds__(128) conv_backward_input(
    const T *__restrict__ g, const T *__restrict__ turned, T *out,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int groups = gridDim.z, group = blockIdx.z, places = H * W, columns = N * places, terms = O * kh * kw;
    int mine = blockIdx.x * BN + threadIdx.x, n = mine / places, place = mine % places;
    Rows channels(turned + (long long)group * C * terms, C, terms);
    Reached reached = {
        mine < columns ? g + ((long long)n * groups + group) * O * Ho * Wo : 0, Ho, Wo, kh, kw, sh, sw, dh, dw,
        place / W + ph, place % W + pw, 0, 0, 0, O
    };
    T sums[TM][8];
    tile_product(channels, reached, terms, sums);
    for (int j = 0; j < 8; j++) {
        int column = blockIdx.x * BN + column_of(j);
        if (column >= columns) continue;
        T *image = out + ((long long)(column / places) * groups + group) * C * places + column % places;
        for (int i = 0; i < TM; i++) {
            int c = blockIdx.y * BM + threadIdx.x / 16 * TM + i;
            if (c < C) image[(long long)c * places] = sums[i][j];
        }
    }
}

// ---------------------------------------------------------------- gradient of the weight

// Filter o's g at the places (n, a, b), from `begin` to `end`.
struct Gradients {
    const T *filter;  // filter o in the first image; null below the last filter
    int place, places, at, end;
    long long image;  // from one image's g to the next one's

    __device__ __forceinline__ Gradients(const T *g, int O, int places, long long image, int begin, int end)
        : places(places), end(end), image(image) {
        int t = threadIdx.x, o = blockIdx.y * BM + t / (BK / FETCH);
        at = begin + t % (BK / FETCH) * FETCH;
        place = at % places;
        filter = o < O ? g + at / places * image + (long long)o * places : 0;
    }
    __device__ __forceinline__ void fetch(T *out) {
        for (int i = 0; i < BK; i++) {
            if (i < FETCH) out[i] = filter && at + i < end ? filter[place] : (T)0;
            if (++place == places) {
                place = 0;
                if (filter) filter += image;
            }
        }
        at += BK;
    }
};

// What tap (c, i, j) saw at the places (n, a, b), from `begin` to `end`.
struct Tap {
    const T *plane;  // channel c of the image the places have come to; null behind the last tap
    int H, W, Ho, Wo, sh, sw, top, left, a, b, at, end;
    long long image;

    __device__ __forceinline__ void fetch(T *out) {
        for (int k = 0; k < BK; k++) {
            int h = top + a * sh, w = left + b * sw;
            bool inside = plane && at < end && h >= 0 && h < H && w >= 0 && w < W;
            out[k] = inside ? plane[h * W + w] : (T)0;
            at++;
            if (++b == Wo) {
                b = 0;
                if (++a == Ho) {
                    a = 0;
                    if (plane) plane += image;
                }
            }
        }
    }
};

// The sums are long and the result is small: the places are split into `splits` parts, each with blocks and a result of its
// own, (splits, groups, O, C*kh*kw), which are added up afterwards. blockIdx.z is the group and the part.
extern "C" __global__ void __launch_bounds__(128) conv_backward_weight(
    const T *__restrict__ g, const T *__restrict__ x, T *out, int splits,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int groups = gridDim.z / splits, group = blockIdx.z % groups, part = blockIdx.z / groups;
    int places = Ho * Wo, columns = C * kh * kw, each = (N * places - 1) / splits + 1;
    int begin = part * each, end = min(begin + each, N * places);
    int mine = blockIdx.x * BN + threadIdx.x, c = mine / (kh * kw), i = mine / kw % kh, j = mine % kw;
    int n = begin / places, place = begin % places;
    Gradients gradients(g + (long long)group * O * places, O, places, (long long)groups * O * places, begin, end);
    Tap tap = {
        mine < columns ? x + (((long long)n * groups + group) * C + c) * H * W : 0, H, W, Ho, Wo, sh, sw,
        i * dh - ph, j * dw - pw, place / Wo, place % Wo, begin, end, (long long)groups * C * H * W
    };
    T sums[TM][8];
    tile_product(gradients, tap, max(end - begin, 0), sums);
    T *result = out + ((long long)part * groups + group) * O * columns;
    for (int i = 0; i < TM; i++) {
        int o = blockIdx.y * BM + threadIdx.x / 16 * TM + i;
        for (int j = 0; j < 8; j++) {
            int column = blockIdx.x * BN + column_of(j);
            if (o < O && column < columns) result[(long long)o * columns + column] = sums[i][j];
        }
    }
}

// ---------------------------------------------------------------- groups of few channels
//
// Where a group has fewer filters than a tile has rows, depthwise convolution above all, most of a tile would be idle: here
// each thread (for the weight, each block) computes one number, straight from the definition.

extern "C" __global__ void thin_forward(
    const T *__restrict__ x, const T *__restrict__ weight, const T *__restrict__ bias, T *out, int count, int groups,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    int left = at % Wo * sw - pw, top = at / Wo % Ho * sh - ph, filter = at / (Wo * Ho) % (groups * O);
    int n = at / (Wo * Ho) / (groups * O), group = filter / O;
    T sum = bias ? bias[filter] : (T)0;
    for (int c = 0; c < C; c++) {
        const T *plane = x + (((long long)n * groups + group) * C + c) * H * W;
        const T *taps = weight + ((long long)filter * C + c) * kh * kw;
        for (int i = 0; i < kh; i++)
            for (int j = 0; j < kw; j++) {
                int h = top + i * dh, w = left + j * dw;
                if (h >= 0 && h < H && w >= 0 && w < W) sum += taps[i * kw + j] * plane[h * W + w];
            }
    }
    out[at] = sum;
}

extern "C" __global__ void thin_backward_input(
    const T *__restrict__ g, const T *__restrict__ weight, T *out, int count, int groups,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= count) return;
    int w = at % W + pw, h = at / W % H + ph, channel = at / (W * H) % (groups * C);
    int n = at / (W * H) / (groups * C), group = channel / C, c = channel % C;
    T sum = 0;
    for (int o = group * O; o < (group + 1) * O; o++) {
        const T *plane = g + ((long long)n * groups * O + o) * Ho * Wo;
        const T *taps = weight + ((long long)o * C + c) * kh * kw;
        for (int i = 0; i < kh; i++)
            for (int j = 0; j < kw; j++) {
                int a = h - i * dh, b = w - j * dw;
                if (a < 0 || b < 0 || a % sh || b % sw || a / sh >= Ho || b / sw >= Wo) continue;
                sum += taps[i * kw + j] * plane[a / sh * Wo + b / sw];
            }
    }
    out[at] = sum;
}

// A block for each number of the weight, (groups*O, C, kh, kw); its threads walk through the places as those of batch norm do.
extern "C" __global__ void thin_backward_weight(
    const T *__restrict__ g, const T *__restrict__ x, T *out, int groups,
    int N, int C, int H, int W, int O, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int j = blockIdx.x % kw, i = blockIdx.x / kw % kh, c = blockIdx.x / (kw * kh) % C, o = blockIdx.x / (kw * kh * C);
    int places = Ho * Wo, images = blockDim.x / places, rest = blockDim.x % places;
    T sum = 0;
    for (int n = threadIdx.x / places, place = threadIdx.x % places; n < N; n += images, place += rest) {
        if (place >= places) {
            place -= places;
            if (++n >= N) break;
        }
        int h = place / Wo * sh - ph + i * dh, w = place % Wo * sw - pw + j * dw;
        if (h < 0 || h >= H || w < 0 || w >= W) continue;
        sum += g[((long long)n * groups * O + o) * places + place] * x[(((long long)n * groups + o / O) * C + c) * H * W + h * W + w];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) out[blockIdx.x] = sum;
}
