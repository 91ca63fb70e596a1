#include <ATen/ATen.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/ssd.h>

#include <limits>

namespace lrpp::mamba {
namespace {

/// Tokens in a chunk, Q. A token of a head costs about 2 Q P products within its chunk and 4 N P with the
/// states between chunks; with N = 128, as Mamba-2 has it, 64 keeps the first well below the second, and the
/// Q numbers of decay for each token and head few.
constexpr int64_t max_chunk = 64;

/// The operands cut into chunks. Dimensions: b batch, c chunk, q (also s) token in the chunk, g group, r head
/// of the group, n state, p channel of the head. Tokens that fill the last chunk up have dt = 0: their decay
/// is 1 and they add nothing.
class Chunks {
 public:
  Chunks(const char* where, const Tensor& data, const Tensor& dt, const Tensor& A, const Tensor& B,
         const Tensor& C, const Tensor& D, int64_t groups)
      : groups_(groups), dtype_(data.scalar_type()) {
    require(data.dim() == 3 && data.size(1) > 0, where, "data must have shape [B,T,H*P]; got {}",
            shape_string(data.sizes()));
    batch_ = data.size(0), tokens_ = data.size(1);
    heads_ = A.numel();
    require(A.dim() == 1 && heads_ > 0 && D.sizes() == A.sizes(), where,
            "A and D must have the same shape [H]; got {} and {}", shape_string(A.sizes()),
            shape_string(D.sizes()));
    require(groups > 0 && heads_ % groups == 0 && data.size(2) % heads_ == 0, where,
            "channels must fall into {} equal heads, and heads into {} equal groups; got {} channels", heads_,
            groups, data.size(2));
    require(dt.sizes() == at::IntArrayRef{batch_, tokens_, heads_}, where,
            "dt must have shape [B,T,H] = [{}, {}, {}]; got {}", batch_, tokens_, heads_,
            shape_string(dt.sizes()));
    const bool states_fit = B.dim() == 3 && B.size(0) == batch_ && B.size(1) == tokens_ && B.size(2) > 0 &&
                            B.size(2) % groups == 0;
    require(states_fit && C.sizes() == B.sizes(), where,
            "B and C must have shape [B,T,G*N] = [{}, {}, {}*N]; got {} and {}", batch_, tokens_, groups,
            shape_string(B.sizes()), shape_string(C.sizes()));
    compute_ = dtype_ == at::kDouble ? at::kDouble : at::kFloat;
    chunk_ = std::min(max_chunk, tokens_);
    count_ = (tokens_ + chunk_ - 1) / chunk_;

    this->data = cut(data).unflatten(3, {groups_, heads_ / groups_, -1});      // [b,c,q,g,r,p]
    b = cut(B).unflatten(3, {groups_, -1}).transpose(2, 3);                    // [b,c,g,q,n]
    c = cut(C).unflatten(3, {groups_, -1}).transpose(2, 3);                    // [b,c,g,q,n]
    step = cut(dt).unflatten(3, {groups_, -1});                                // [b,c,q,g,r]
    d = D.to(compute_).view({groups_, -1, 1});                                 // [g,r,1]
    log_decay = (step * A.to(compute_).view({groups_, -1})).cumsum(2);         // [b,c,q,g,r]
    whole = log_decay.select(2, chunk_ - 1).exp().unsqueeze(3).unsqueeze(-1);  // [b,c,g,1,r,1]
    since = log_decay.exp().unsqueeze(-1);                                     // [b,c,q,g,r,1]
    until = (log_decay.select(2, chunk_ - 1).unsqueeze(2) - log_decay).exp().mul(step).unsqueeze(-1);
  }

  /// What token s of a chunk adds to token q of the same chunk: (C_q . B_s) exp(decay from s to q) dt_s for
  /// s <= q, [b,c,g,r,q,s].
  Tensor within() const {
    const Tensor log = log_decay.permute({0, 1, 3, 4, 2});  // [b,c,g,r,q]
    const Tensor later = at::ones({chunk_, chunk_}, log.options().dtype(at::kBool)).triu(1);
    const Tensor decay = (log.unsqueeze(-1) - log.unsqueeze(-2))
                             .masked_fill(later, -std::numeric_limits<double>::infinity())
                             .exp();
    const Tensor shares = at::matmul(c, b.transpose(-1, -2)).unsqueeze(3);  // [b,c,g,1,q,s]
    return decay * shares * step.permute({0, 1, 3, 4, 2}).unsqueeze(-2);
  }

  /// left^T right over the tokens of each chunk: [b,c,g,q,n] and [b,c,q,g,r,p] -> [b,c,g,n,r,p].
  static Tensor gather(const Tensor& left, const Tensor& right) {
    const int64_t r = right.size(4), p = right.size(5);
    const Tensor rows = right.transpose(2, 3).flatten(4);  // [b,c,g,q,r*p]
    return at::matmul(left.transpose(-1, -2), rows).unflatten(-1, {r, p});
  }
  /// left states: [b,c,g,q,n] and [b,c,g,n,r,p] -> [b,c,q,g,r,p].
  static Tensor spread(const Tensor& left, const Tensor& states) {
    const int64_t r = states.size(4), p = states.size(5);
    return at::matmul(left, states.flatten(4)).unflatten(-1, {r, p}).transpose(2, 3);
  }

  /// Products with the matrices of `within`, or their transposes: [b,c,q,g,r,p].
  Tensor multiply(const Tensor& matrices) const {
    return at::matmul(matrices, data.permute({0, 1, 3, 4, 2, 5})).permute({0, 1, 4, 2, 3, 5});
  }

  /// states: [b,c,g,n,r,p], what each chunk adds -> what has come in before each chunk, or (from the end)
  /// after it.
  Tensor carried(const Tensor& states, bool from_end) const {
    Tensors before(static_cast<size_t>(count_));
    const Tensors added = states.unbind(1), decays = whole.unbind(1);
    Tensor state = at::zeros_like(added[0]);
    for (int64_t i = 0; i < count_; ++i) {
      const auto at = static_cast<size_t>(from_end ? count_ - 1 - i : i);
      before[at] = state;
      if (i + 1 < count_) state = at::addcmul(added[at], state, decays[at]);
    }
    return at::stack(before, 1);
  }

  /// [b,c,q,g,r,p] -> [B,T,H*P].
  Tensor joined(const Tensor& result) const {
    return result.flatten(3).flatten(1, 2).narrow(1, 0, tokens_).to(dtype_);
  }

  Tensor data, b, c, step, d, log_decay, whole, since, until;

 private:
  /// [B,T,X] -> [b,c,q,X] in the dtype of the computation, with zeros after the last token.
  Tensor cut(const Tensor& x) const {
    const int64_t missing = count_ * chunk_ - tokens_;
    const Tensor filled = missing == 0 ? x : at::constant_pad_nd(x, {0, 0, 0, missing});
    return filled.to(compute_).unflatten(1, {count_, chunk_});
  }

  int64_t batch_ = 0, tokens_ = 0, heads_ = 0, groups_ = 0, chunk_ = 0, count_ = 0;
  at::ScalarType dtype_, compute_ = at::kFloat;
};

}  // namespace

Tensor ssd(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
           const Tensor& D, int64_t groups) {
  const Chunks k("ssd", x, dt, A, B, C, D, groups);
  const Tensor states = k.carried(Chunks::gather(k.b, k.data * k.until), /*from_end=*/false);
  const Tensor from_before = Chunks::spread(k.c, states) * k.since;
  return k.joined(k.multiply(k.within()) + from_before + k.data * k.d);
}

Tensor ssd_relevance(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D, int64_t groups) {
  const Chunks k("ssd_relevance", m, dt, A, B, C, D, groups);
  const Tensor states = k.carried(Chunks::gather(k.c, k.data * k.since), /*from_end=*/true);
  const Tensor to_after = Chunks::spread(k.b, states) * k.until;
  return k.joined(k.multiply(k.within().transpose(-1, -2)) + to_after + k.data * k.d);
}

}  // namespace lrpp::mamba
