// Pooling over planes (H, W): a thread for each element of the result. It reads what it needs and writes one number, so no
// two threads ever write to one place; the backward passes ask which windows saw an element, not where a window's g goes.

// The largest element of each window, and which tap of the window found it. Outside the plane is -inf.
extern "C" __global__ void max_pool_forward(
    const T *__restrict__ x, T *out, byte *winner, int n, int H, int W, int Ho, int Wo,
    int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int w0 = i % Wo * sw - pw, h0 = i / Wo % Ho * sh - ph;
    const T *plane = x + (long long)(i / (Wo * Ho)) * H * W;
    T best = -INF;
    int won = 0;
    for (int tap = 0; tap < kh * kw; tap++) {
        int h = h0 + tap / kw * dh, w = w0 + tap % kw * dw;
        T v = h >= 0 && h < H && w >= 0 && w < W ? plane[h * W + w] : -INF;
        if (v > best || v != v) best = v, won = tap;  // the first of equals stays, NaN beats all
    }
    out[i] = best;
    if (winner) winner[i] = won;
}

// Each element's gradient: the sum of the g of all windows that it won.
extern "C" __global__ void max_pool_backward(
    const T *__restrict__ g, const byte *__restrict__ winner, T *out, int n, int H, int W, int Ho, int Wo,
    int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int w = i % W + pw, h = i / W % H + ph;
    long long plane = (long long)(i / (W * H)) * Ho * Wo;
    T sum = 0;
    for (int tap = 0; tap < kh * kw; tap++) {
        int a = h - tap / kw * dh, b = w - tap % kw * dw;  // where the window began, in steps of one
        if (a < 0 || b < 0 || a % sh || b % sw || a / sh >= Ho || b / sw >= Wo) continue;
        long long place = plane + a / sh * Wo + b / sw;
        if (winner[place] == tap) sum += g[place];
    }
    out[i] = sum;
}

// The sum of each window; outside the plane is 0.
extern "C" __global__ void window_sums(
    const T *__restrict__ x, T *out, int n, int H, int W, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int w0 = i % Wo * sw - pw, h0 = i / Wo % Ho * sh - ph;
    const T *plane = x + (long long)(i / (Wo * Ho)) * H * W;
    T sum = 0;
    for (int h = max(h0, 0); h < min(h0 + kh, H); h++)
        for (int w = max(w0, 0); w < min(w0 + kw, W); w++) sum += plane[h * W + w];
    out[i] = sum;
}

// The transpose of window_sums: for each element the sum of the g of all windows that saw it.
extern "C" __global__ void window_spread(
    const T *__restrict__ g, T *out, int n, int H, int W, int Ho, int Wo, int kh, int kw, int sh, int sw, int ph, int pw
) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    int w = i % W + pw, h = i / W % H + ph;
    long long plane = (long long)(i / (W * H)) * Ho * Wo;
    // Windows a with a * sh <= h < a * sh + kh.
    int first_a = h < kh ? 0 : (h - kh) / sh + 1, last_a = min(h / sh, Ho - 1);
    int first_b = w < kw ? 0 : (w - kw) / sw + 1, last_b = min(w / sw, Wo - 1);
    T sum = 0;
    for (int a = first_a; a <= last_a; a++)
        for (int b = first_b; b <= last_b; b++) sum += g[plane + a * Wo + b];
    out[i] = sum;
}
