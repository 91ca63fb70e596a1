#include <ATen/ATen.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/framework/io/safetensors_header.h>

#include <cmath>
#include <limits>

#include "io_test_support.h"

namespace lrpp {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::error_of;

/// Whether both hold the same bits: NaN payloads and the sign of zero included.
bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::string_view(static_cast<const char*>(a.const_data_ptr()), a.nbytes()) ==
             std::string_view(static_cast<const char*>(b.const_data_ptr()), b.nbytes());
}

TEST(SaveSafetensors, EveryDtypeComesBackBitForBit) {
  const test::TemporaryFolder folder;
  const at::Tensor values = at::tensor({0.0, -0.0, 1.0, -1.5, 100.0, 3.1}, at::kDouble).view({2, 3});
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto type : {at::kBool, at::kByte, at::kChar, at::kShort, at::kInt, at::kLong, at::kHalf,
                          at::kBFloat16, at::kFloat, at::kDouble}) {
    // Negative numbers to unsigned bytes have no defined result.
    tensors.emplace_back(c10::toString(type), (type == at::kByte ? values.abs() : values).to(type));
  }
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  tensors.emplace_back("special", at::tensor({nan, infinity, -infinity, 5e-324}, at::kDouble));
  tensors.emplace_back("scalar", at::scalar_tensor(2.0, at::kFloat));
  tensors.emplace_back("empty", at::empty({0, 3}, at::kLong));
  save_safetensors(folder / "a.safetensors", tensors, {{"format", "pt"}, {"é", "\"\n"}});

  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.tensors().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) EXPECT_TRUE(same_bits(file.get(name), tensor)) << name;
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"é", "\"\n"}}));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(SaveSafetensors, TakesAnyStridesAndOverwrites) {
  const test::TemporaryFolder folder;
  const at::Tensor base = at::arange(24, at::kFloat).view({2, 3, 4});
  const fs::path path = folder / "a.safetensors";
  save_safetensors(path, {{"old", base}});
  save_safetensors(path, {{"transposed", base.transpose(0, 2)},
                          {"slice", base.slice(2, 1, 4, 2)},
                          {"expanded", base.select(0, 0).select(0, 0).expand({5, 4})},
                          {"negated", at::_neg_view(base)},
                          {"trained", base.clone().requires_grad_(true)}});
  const SafetensorsFile file(path);
  EXPECT_EQ(file.tensors().count("old"), 0U);
  EXPECT_TRUE(at::equal(file.get("transposed"), base.transpose(0, 2)));
  EXPECT_TRUE(at::equal(file.get("slice"), base.slice(2, 1, 4, 2)));
  EXPECT_TRUE(at::equal(file.get("expanded"), base.select(0, 0).select(0, 0).expand({5, 4})));
  EXPECT_TRUE(at::equal(file.get("negated"), -base));
  EXPECT_FALSE(file.get("trained").requires_grad());
  save_safetensors(path, {});
  EXPECT_TRUE(SafetensorsFile(path).tensors().empty());
}

TEST(SaveSafetensors, RefusesWhatTheFormatCannotHold) {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "a.safetensors";
  const at::Tensor one = at::ones({1});
  const auto error = [&](std::vector<std::pair<std::string, at::Tensor>> tensors) {
    return error_of([&] { save_safetensors(path, tensors); });
  };
  EXPECT_TRUE(contains(error({{"a", one}, {"a", one}}), "'a' comes twice"));
  EXPECT_TRUE(contains(error({{"a", at::Tensor()}}), "tensor 'a' must be defined"));
  EXPECT_TRUE(contains(error({{"a", one.to(at::kComplexFloat)}}),
                       "tensor 'a' must have a dtype that the format has"));
  EXPECT_TRUE(contains(error({{"a", one.to_sparse()}}), "tensor 'a' must be dense"));
  EXPECT_TRUE(contains(error({{"__metadata__", one}}), "reserved"));
  EXPECT_TRUE(contains(error({{"\xff", one}}), "UTF-8"));
  EXPECT_EQ(folder.entries(), 0U);
  EXPECT_TRUE(contains(error_of([&] {
                         save_safetensors(folder / "none" / "a", {{"a", one}});
                       }),
                       "Create it first"));
}

TEST(SafetensorsFile, TensorsAreViewsThatOutliveTheFile) {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "a.safetensors", {{"w", at::arange(1000, at::kDouble)}});
  at::Tensor first, second;
  {
    const SafetensorsFile file(folder / "a.safetensors");
    first = file.get("w");
    second = file.get("w");
  }
  EXPECT_EQ(first.const_data_ptr(), second.const_data_ptr());  // no copy
  EXPECT_TRUE(at::equal(first, at::arange(1000, at::kDouble)));
}

TEST(SafetensorsFile, MisalignedDataIsCopied) {
  const test::TemporaryFolder folder;
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[2],"data_offsets":[1,17]}})";
  const double values[2] = {1.25, -3.0};
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header + 'x' + std::string(reinterpret_cast<const char*>(values), sizeof values);
  test::put(folder / "a.safetensors", bytes);
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_TRUE(at::equal(file.get("b"), at::tensor({1.25, -3.0}, at::kDouble)));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.get("b").const_data_ptr()) % sizeof(double), 0U);
}

TEST(SafetensorsFile, SaysWhatIsWrong) {
  const test::TemporaryFolder folder;
  const fs::path path = folder / "a.safetensors";
  save_safetensors(path, {{"layer.weight", at::ones({2, 2})}, {"flag", at::ones({3}, at::kBool)}});
  const std::string where = "[safetensors " + path.string() + "] ";
  EXPECT_EQ(
      error_of([&] { SafetensorsFile(path).get("layer.weigth"); }),
      where + "there is no tensor 'layer.weigth'; known: layer.weight, flag. Did you mean 'layer.weight'?");
  const std::string good = test::slurp(path);
  test::put(path, good.substr(0, good.size() - 1) + '\x02');  // the narrow type lies last
  const SafetensorsFile file(path);
  EXPECT_EQ(error_of([&] { file.get("flag"); }),
            where + "tensor 'flag' must hold bytes 0 and 1, since it is BOOL; byte 2 is 2");
  EXPECT_TRUE(at::equal(file.get("layer.weight"), at::ones({2, 2})));

  const fs::path cut = folder / "cut.safetensors";
  for (std::size_t size = 0; size < good.size(); ++size) {
    test::put(cut, good.substr(0, size));
    EXPECT_TRUE(
        error_of([&] { SafetensorsFile file(cut); }).starts_with("[safetensors " + cut.string() + "] "))
        << size;
  }
  EXPECT_TRUE(contains(error_of([&] { SafetensorsFile file(folder / "none"); }), "does not exist"));
  EXPECT_TRUE(contains(error_of([&] { SafetensorsFile file(folder.path()); }), "directory"));
}

TEST(SafetensorsFile, ReadsAFileOfThePythonPackage) {
  // The expected numbers were read with the Python package.
  const SafetensorsFile file(fs::path(LRPP_TEST_FIXTURES) / "mamba-official" / "classifier" /
                             "model.safetensors");
  EXPECT_EQ(file.tensors().size(), 24U);
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}}));
  const at::Tensor weight = file.get("backbone.layers.0.mixer.in_proj.weight");
  EXPECT_EQ(weight.scalar_type(), at::kDouble);
  EXPECT_EQ(weight.sizes(), (at::IntArrayRef{96, 24}));
  EXPECT_EQ(weight.flatten()[0].item<double>(), 0.06627161800861359);
  EXPECT_EQ(weight.flatten()[-1].item<double>(), -0.04751020669937134);
  // Every byte of data, folded exactly: each tensor's 8-byte words summed modulo 2^64.
  std::uint64_t sum = 0;
  for (const auto& [name, info] : file.tensors()) {
    const at::Tensor tensor = file.get(name);
    ASSERT_EQ(tensor.nbytes() % 8, 0U) << name;
    const auto* words = static_cast<const std::uint64_t*>(tensor.const_data_ptr());
    for (std::size_t i = 0; i < tensor.nbytes() / 8; ++i) sum += words[i];
  }
  EXPECT_EQ(sum, 5719224965849415680ULL);
}

}  // namespace
}  // namespace lrpp
