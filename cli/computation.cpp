#include <lrpp/cli/computation.h>
#include <lrpp/framework/cuda/float32_products.h>
#include <lrpp/framework/dtype.h>

namespace lrpp::cli {

void add_computation_options(CLI::App& command, Computation& computation) {
  command.add_option("--dtype", computation.dtype, "float32, float64 or bfloat16")->capture_default_str();
  command.add_option("--device", computation.device, "cpu, cuda or cuda:N")->capture_default_str();
  command.add_flag(
      "--tf32", computation.tf32,
      "let a GPU round the factors of float32 products to 10 bits: faster, with errors near 1e-3");
  command.add_flag(
      "--bf16x6", computation.bf16x6,
      "let a GPU make float32 products of layers from six products of bfloat16 parts: faster, with "
      "errors like float32's");
}

LoadOptions set_computation(const Computation& computation) {
  const LoadOptions load{dtype_from_name(computation.dtype), device_from_name(computation.device), false, {}};
  const auto check = [&](bool given, std::string_view name) {
    require(!given || load.device.is_cuda(), name, "is for GPUs; add --device cuda, or leave it out");
  };
  require(!computation.bf16x6 || load.dtype == at::kFloat, "bf16x6",
          "is for products of float32; got --dtype {}. Leave one of the two out", computation.dtype);
  require(!computation.bf16x6 || !computation.tf32, "bf16x6",
          "and --tf32 are two ways to make the same products; leave one of the two out");
  check(computation.tf32, "tf32");
  check(computation.bf16x6, "bf16x6");
  // Both are said, because LibTorch lets convolutions use TF32 unless told otherwise.
  at::globalContext().setAllowTF32CuBLAS(computation.tf32);
  at::globalContext().setAllowTF32CuDNN(computation.tf32);
  set_float32_products(computation.bf16x6 ? Float32Products::bf16x6 : Float32Products::cublas);
  return load;
}

void add_flags(const Computation& computation, Json& provenance) {
  if (computation.tf32) provenance["tf32"] = true;
  if (computation.bf16x6) provenance["bf16x6"] = true;
}

}  // namespace lrpp::cli
