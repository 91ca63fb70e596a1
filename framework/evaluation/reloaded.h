#pragma once

#include <lrpp/framework/evaluation/metric.h>

#include <mutex>

namespace lrpp::evaluation {

/// Why a model cannot be loaded again with other weights; empty where it can.
std::string reload_rejects(const Model& model);

/// The explained model, loaded again with weights changed by the checkpoint's names.
std::shared_ptr<const Model> load_changed(
    const Explained& explained,
    const std::function<Tensor(const std::string& name, const Tensor& weight)>& change);

/// What was made of the last model, read again while the same one is measured. Models are the same where they
/// are one object.
template <class Made>
class LastModel {
 public:
  template <class Make>
  std::shared_ptr<const Made> of(const Model& model, const Make& make) const {
    const std::lock_guard lock(mutex_);
    if (!made_ || model_ != &model) {
      made_ = make();
      model_ = &model;
    }
    return made_;
  }

 private:
  mutable std::mutex mutex_;
  mutable const Model* model_ = nullptr;
  mutable std::shared_ptr<const Made> made_;
};

}  // namespace lrpp::evaluation
