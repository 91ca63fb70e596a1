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
      "--fp16x3", computation.fp16x3,
      "let a GPU make float32 products of layers from three products of float16 parts: faster, with "
      "errors like float32's");
}

LoadOptions set_computation(const Computation& computation) {
  const LoadOptions load{dtype_from_name(computation.dtype), device_from_name(computation.device), false, {}};
  const auto check = [&](bool given, std::string_view name) {
    require(!given || load.device.is_cuda(), name, "is for GPUs; add --device cuda, or leave it out");
  };
  require(!computation.fp16x3 || load.dtype == at::kFloat, "fp16x3",
          "is for products of float32; got --dtype {}. Leave one of the two out", computation.dtype);
  require(!computation.fp16x3 || !computation.tf32, "fp16x3",
          "and --tf32 are two ways to make the same products; leave one of the two out");
  check(computation.tf32, "tf32");
  check(computation.fp16x3, "fp16x3");
  // Both are said, because LibTorch lets convolutions use TF32 unless told otherwise.
  at::globalContext().setAllowTF32CuBLAS(computation.tf32);
  at::globalContext().setAllowTF32CuDNN(computation.tf32);
  set_float32_products(computation.fp16x3 ? Float32Products::fp16x3 : Float32Products::cublas);
  return load;
}

void add_flags(const Computation& computation, Json& provenance) {
  if (computation.tf32) provenance["tf32"] = true;
  if (computation.fp16x3) provenance["fp16x3"] = true;
}

}  // namespace lrpp::cli
