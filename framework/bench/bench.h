#pragma once

#include <lrpp/framework/bench/machine.h>
#include <lrpp/framework/bench/timing.h>
#include <lrpp/framework/explain.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

struct BenchOptions {
  int64_t repeat = 5;            ///< runs that are timed
  int64_t warmup = 1;            ///< runs before those
  bool recorded = false;         ///< also as a CUDA graph, recorded once and replayed (Recording)
  bool profile = false;          ///< also the table of ops: `repeat` more runs, which wait at every node
  at::Device device = at::kCPU;  ///< the model's
  Peaks peaks;                   ///< of the device, in the model's dtype
};

/// One thing timed.
struct Measured {
  Times time;
  double base_mib = 0;             ///< in use before; see PeakMemory
  std::optional<double> peak_mib;  ///< the most in use, in all
  double gflop = 0;                ///< of products of matrices and convolutions, in 10^9 operations
  double limit_ms = 0;             ///< what those take at the machine's peak; 0 where that is not given
};

/// All nodes of one kind of op in one pass. The last two rows are what lies outside of all nodes, and the
/// whole.
struct OpRow {
  std::string pass;  ///< "forward", "again" (computed again for the walk), "walk", or nothing
  std::string op;
  int64_t nodes = 0;
  double ms = 0;         ///< for all of them; the mean of the runs
  double share = 0;      ///< of the whole
  double gflop = 0;      ///< as above
  double mib = 0;        ///< read and written by LibTorch's operations; see count_operations
  double limit_ms = 0;   ///< node by node the larger of what its products and its bytes take at the peaks
  double explained = 0;  ///< limit_ms / ms: above 1 where caches hold what the bytes count
};

/// What was measured of one input.
struct BenchRun {
  int64_t batch = 0;
  int64_t tokens = 0;                ///< of each text; 0 for images
  std::vector<int64_t> image;        ///< [C, H, W]; empty for texts
  int64_t explanations = 0;          ///< one for each target and position of each example
  Measured forward;                  ///< the model's own forward pass: the plan's graph with nothing kept
  Measured explanation;              ///< forward pass, seed and walk
  std::optional<Measured> recorded;  ///< the same, replayed; its memory is what the recording holds
  double ratio = 0;                  ///< explanation / forward, of the medians
  double per_second = 0;             ///< tokens, or images, of the input
  double products_ms = 0;            ///< the explanation's products alone, of the same sizes
  double products_share = 0;         ///< products_ms / explanation
  double peak_share = 0;   ///< what the machine's peak explains of the explanation: limit_ms / median
  std::vector<OpRow> ops;  ///< of the profile
};

/// Times the plan on the inputs. Throws UserError as `explain`, as `Recording` where that is asked for, and
/// for a `repeat` below 1 or `warmup` below 0.
BenchRun bench(const Plan& plan, const std::map<std::string, Tensor>& inputs,
               const std::vector<std::string>& labels, const ExplainOptions& explain_options,
               const BenchOptions& options);

}  // namespace lrpp
