#pragma once

#include <lrpp/framework/cuda/float32_products.h>

#include <functional>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

namespace lrpp::cuda {

/// Parts of a matrix whose rows were multiplied by powers of two, and the exponents that take those back.
struct ScaledParts {
  Tensor parts, exponents;
  int64_t bytes() const { return static_cast<int64_t>(parts.nbytes() + exponents.nbytes()); }
};

/// Parts of models' weights, kept between products while the weights live and do not change: with few rows it
/// takes as long to make them as to multiply. They take one and a half times a weight's own memory for each
/// of its two products, so there is a limit for all together, after which parts are made anew each time. What
/// a CUDA graph has recorded it reads at each replay, so that stays as long as the weight, which the graph's
/// owner holds.
class KeptParts {
 public:
  explicit KeptParts(int64_t limit_bytes) : limit_(limit_bytes) {}
  /// What parts are of: the weight, its product, and the blocks that it is cut into.
  struct Of {
    const Tensor& weight;
    WeightIs how;
    int64_t blocks;
  };
  /// The parts of a weight, kept or made. What is made while a graph is recorded is the graph's own and not
  /// kept.
  ScaledParts get(const Of& of, bool recording, const std::function<ScaledParts()>& make);
  /// Frees all but what was recorded.
  void clear();
  int64_t bytes();

 private:
  using Key = std::tuple<c10::TensorImpl*, WeightIs, int64_t>;
  struct Entry {
    c10::weak_intrusive_ptr<c10::TensorImpl> weight;
    uint32_t version;
    ScaledParts parts;
  };
  void drop_stale();

  std::mutex mutex_;
  std::map<Key, Entry> entries_;
  std::vector<Entry> recorded_;
  int64_t limit_, bytes_ = 0;
};

/// Those of the process.
KeptParts& kept_parts();

}  // namespace lrpp::cuda
