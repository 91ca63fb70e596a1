#include <lrpp/framework/rows.h>

namespace lrpp {

Rows::Rows(int64_t examples, int64_t outputs, int64_t targets) : examples_(examples), outputs_(outputs) {
  LRPP_ASSERT(examples > 0 && outputs > 0 && outputs % examples == 0 && targets > 0,
              "{} outputs with {} targets each cannot belong to {} examples", outputs, targets, examples);
  per_example_ = end_ = outputs / examples * targets;
}

Rows Rows::part(int64_t begin, int64_t end) const {
  LRPP_ASSERT(begin >= 0 && begin < end && end <= per_example_, "rows [{}, {}) are not among {}", begin, end,
              per_example_);
  Rows rows = *this;
  rows.begin_ = begin;
  rows.end_ = end;
  return rows;
}

Tensor Rows::of(const Tensor& value) const {
  if (!value.defined() || value.dim() == 0 || !fits(value.size(0))) return value;
  const int64_t share = examples_ * per_example_ / value.size(0);
  if (share == 1 && is_whole()) return value;
  if (examples_ == 1 && share == 1) return value.slice(0, begin_, end_);
  if (examples_ == 1 && begin_ / share == (end_ - 1) / share) {
    std::vector<int64_t> sizes = value.sizes().vec();
    sizes[0] = size();
    return value.narrow(0, begin_ / share, 1).expand(sizes);
  }
  const auto options = at::TensorOptions(value.device()).dtype(at::kLong);
  const Tensor first = at::arange(examples_, options).unsqueeze(1) * per_example_;
  const Tensor row = (first + at::arange(begin_, end_, options)).flatten();
  return value.index_select(0, row.floor_divide(share));
}

Meta Rows::of(Meta meta) const {
  if (!meta.sizes.empty() && fits(meta.sizes[0])) meta.sizes[0] = size();
  return meta;
}

void Rows::put(Tensor& whole, const Tensor& part) const {
  LRPP_ASSERT(part.dim() > 0 && part.size(0) == size(), "{} rows gave a result of shape {}", size(),
              shape_string(part.sizes()));
  if (is_whole()) {
    whole = part;
    return;
  }
  if (!whole.defined()) {
    std::vector<int64_t> sizes = part.sizes().vec();
    sizes[0] = examples_ * per_example_;
    whole = at::empty(sizes, part.options());
  }
  whole.unflatten(0, {examples_, per_example_})
      .slice(1, begin_, end_)
      .copy_(part.unflatten(0, {examples_, end_ - begin_}));
}

Tensor entry_of_rows(std::string_view where, int64_t rows, int64_t entries, at::Device device) {
  require(rows > 0 && entries > 0 && rows % entries == 0, where,
          "there must be as many positions of each of the {} examples; got {} in all", entries, rows);
  return at::arange(rows, at::TensorOptions(device).dtype(at::kLong)).floor_divide(rows / entries);
}

}  // namespace lrpp
