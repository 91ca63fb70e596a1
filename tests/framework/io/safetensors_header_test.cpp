#include <lrpp/framework/io/safetensors_header.h>

#include "io_test_support.h"

namespace lrpp::safetensors {
namespace {

using test::contains;
using test::error_of;

std::string length_of(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(length >> (8 * i) & 0xFF));
  return bytes;
}

/// A whole file: this header, and so many zero bytes of data.
std::string file_of(const std::string& header, std::size_t data_bytes = 0) {
  return length_of(header.size()) + header + std::string(data_bytes, '\0');
}

TEST(ParseHeader, ReadsTensorsAndMetadata) {
  const Header header = parse_header(
      file_of(
          R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},)"
          R"("a":{"shape":[],"data_offsets":[0,8],"dtype":"I64"},"e":{"dtype":"BOOL","shape":[0,9],"data_offsets":[8,8]}}   )",
          32),
      "test");
  ASSERT_EQ(header.tensors.size(), 3U);
  const Entry& b = header.tensors.at("b");
  EXPECT_EQ(b.dtype, Dtype::F32);
  EXPECT_EQ(b.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(b.begin, 8U);
  EXPECT_EQ(b.end, 32U);
  EXPECT_TRUE(header.tensors.at("a").shape.empty());
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_TRUE(parse_header(file_of("{}"), "test").tensors.empty());
}

TEST(ParseHeader, KnowsEveryDtype) {
  for (const auto& [name, size] : {std::pair{"F64", 8},
                                   {"F32", 4},
                                   {"F16", 2},
                                   {"BF16", 2},
                                   {"I64", 8},
                                   {"I32", 4},
                                   {"I16", 2},
                                   {"I8", 1},
                                   {"U8", 1},
                                   {"BOOL", 1}}) {
    const std::string json =
        fmt::format(R"({{"t":{{"dtype":"{}","shape":[3],"data_offsets":[0,{}]}}}})", name, 3 * size);
    EXPECT_EQ(dtype_name(parse_header(file_of(json, 3 * size), "test").tensors.at("t").dtype), name);
  }
}

struct BadHeader {
  const char* name;
  std::string file;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadHeader& bad) { return out << bad.name; }

class ParseBadHeader : public ::testing::TestWithParam<BadHeader> {};

TEST_P(ParseBadHeader, IsAUserErrorThatNamesTheTensor) {
  const std::string message = error_of([&] { parse_header(GetParam().file, "safetensors x"); });
  EXPECT_TRUE(message.starts_with("[safetensors x] ")) << message;
  EXPECT_TRUE(contains(message, GetParam().message));
  EXPECT_LT(message.size(), 600U);
}

/// One tensor 't' with these fields.
std::string one(const std::string& fields, std::size_t data_bytes) {
  return file_of("{\"t\":{" + fields + "}}", data_bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParseBadHeader,
    ::testing::Values(
        BadHeader{"empty", "", "at least 8 bytes; this has 0"},
        BadHeader{"short", "1234567", "at least 8 bytes; this has 7"},
        BadHeader{"absurd_length", std::string(8, '\xff') + "{}", "at most 100000000 bytes"},
        BadHeader{"too_long_header", length_of(100'000'001) + "{}", "at most 100000000 bytes"},
        BadHeader{"length_beyond_file", length_of(3) + "{}", "the header has 3 bytes"},
        BadHeader{"no_header", length_of(0), "must be a JSON object"},
        BadHeader{"array", file_of("[]"), "must be a JSON object"},
        BadHeader{"space_first", file_of(" {}"), "beginning with '{'"},
        BadHeader{"not_json", file_of("{a}"), "invalid JSON at line 1"},
        BadHeader{"json_and_more", file_of("{}{}"), "invalid JSON"},
        BadHeader{"nul_padding", file_of(std::string("{}\0\0", 4)), "NUL"},
        BadHeader{"deep", file_of("{\"t\":" + std::string(100, '[')), "64 levels"},
        BadHeader{"tensor_no_object", file_of("{\"t\":3}"), "tensor 't' must be an object"},
        BadHeader{"no_dtype", one(R"("shape":[1],"data_offsets":[0,4])", 4),
                  "tensor 't' must have the key 'dtype'"},
        BadHeader{"no_shape", one(R"("dtype":"F32","data_offsets":[0,4])", 4),
                  "tensor 't' must have the key 'shape'"},
        BadHeader{"no_offsets", one(R"("dtype":"F32","shape":[1])", 4),
                  "tensor 't' must have the key 'data_offsets'"},
        BadHeader{"unknown_key", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1)", 4),
                  "unknown key 'x'"},
        BadHeader{"repeated_key", one(R"("dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4])", 4),
                  "'dtype' comes twice in 't'"},
        BadHeader{"unknown_dtype", one(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])", 1),
                  "tensor 't' must have one of the dtypes F64"},
        BadHeader{"dtype_case", one(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])", 4),
                  "got the string \"f32\""},
        BadHeader{"dtype_number", one(R"("dtype":32,"shape":[1],"data_offsets":[0,4])", 4),
                  "string as dtype"},
        BadHeader{"shape_number", one(R"("dtype":"F32","shape":1,"data_offsets":[0,4])", 4),
                  "array as shape"},
        BadHeader{"shape_negative", one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", 4),
                  "in shape; got the number -1"},
        BadHeader{"shape_float", one(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])", 4),
                  "in shape; got the number 1.0"},
        BadHeader{"shape_string", one(R"("dtype":"F32","shape":["1"],"data_offsets":[0,4])", 4), "in shape"},
        BadHeader{"shape_beyond_int64",
                  one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])", 4), "in shape"},
        BadHeader{"shape_beyond_uint64",
                  one(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4])", 4), "in shape"},
        BadHeader{"shape_product",
                  one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])", 0),
                  "too large"},
        BadHeader{"shape_product_in_bytes",
                  one(R"("dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0])", 0), "too large"},
        BadHeader{"shape_product_and_zero",
                  one(R"("dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0])", 0),
                  "too large"},
        BadHeader{"too_many_dimensions",
                  one(R"("dtype":"U8","shape":[1)" +
                          [] {
                            std::string s;
                            for (int i = 0; i < 64; ++i) s += ",1";
                            return s;
                          }() +
                          R"(],"data_offsets":[0,1])",
                      1),
                  "at most 64 dimensions; got 65"},
        BadHeader{"offsets_object", one(R"("dtype":"F32","shape":[1],"data_offsets":{})", 4),
                  "two numbers as data_offsets"},
        BadHeader{"offsets_three", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])", 4),
                  "two numbers as data_offsets"},
        BadHeader{"offsets_negative", one(R"("dtype":"F32","shape":[1],"data_offsets":[-4,0])", 4),
                  "in data_offsets"},
        BadHeader{"offsets_float", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4.0])", 4),
                  "in data_offsets"},
        BadHeader{"offsets_null", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,null])", 4),
                  "in data_offsets"},
        BadHeader{"offsets_reversed", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])", 4),
                  "begin before it ends"},
        BadHeader{"offsets_beyond", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 7),
                  "within the 7 bytes of data"},
        BadHeader{
            "offsets_huge",
            one(R"("dtype":"U8","shape":[2],"data_offsets":[9223372036854775806,9223372036854775807])", 7),
            "within the 7 bytes"},
        BadHeader{"size_small", one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4),
                  "tensor 't' must have 8 bytes"},
        BadHeader{"size_large", one(R"("dtype":"F32","shape":[0],"data_offsets":[0,4])", 4),
                  "tensor 't' must have 0 bytes"},
        BadHeader{"trailing", one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", 5),
                  "the last one, 't', ends at byte 4 of 5"},
        BadHeader{"data_without_tensors", file_of("{}", 1), "ends at byte 0 of 1"},
        BadHeader{"hole_first", one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8),
                  "bytes 0 to 4, before 't'"},
        BadHeader{
            "hole",
            file_of(
                R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                3),
            "bytes 1 to 2, before 'b'"},
        BadHeader{
            "overlap",
            file_of(
                R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                3),
            "'b' begins at byte 1, before 'a' ends at 2"},
        BadHeader{
            "shared_data",
            file_of(
                R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
                2),
            "must not overlap"},
        BadHeader{
            "empty_inside",
            file_of(
                R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
                2),
            "must not overlap"},
        BadHeader{
            "duplicate",
            file_of(
                R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                2),
            "'a' comes twice"},
        BadHeader{"metadata_list", file_of(R"({"__metadata__":[]})"), "__metadata__ must be an object"},
        BadHeader{"metadata_number", file_of(R"({"__metadata__":{"a":1}})"),
                  "__metadata__ must hold strings; 'a' is the number 1"},
        BadHeader{"long_name", file_of("{\"" + std::string(5000, 'n') + "\":1}"), "nnn..."}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(FormatHeader, IsReadBackAndAligned) {
  const Entry entry{Dtype::BF16, {2, 2}, 0, 8};
  const std::string bytes = format_header({{"a\"é", entry}}, {{"k", "v"}}, "test");
  EXPECT_EQ(bytes.size() % 8, 0U);
  const Header header = parse_header(bytes + std::string(8, 'x'), "test");
  EXPECT_EQ(header.data_begin, bytes.size());
  EXPECT_EQ(header.tensors.at("a\"é").shape, entry.shape);
  EXPECT_EQ(header.metadata.at("k"), "v");
  EXPECT_TRUE(contains(error_of([&] { format_header({{"\xff", entry}}, {}, "x"); }), "UTF-8"));
  EXPECT_TRUE(contains(error_of([&] { format_header({}, {{"k", "\xff"}}, "x"); }), "UTF-8"));
  EXPECT_TRUE(contains(error_of([&] { format_header({{"__metadata__", entry}}, {}, "x"); }), "reserved"));
}

TEST(CheckBoolBytes, OnlyZeroAndOne) {
  EXPECT_NO_THROW(check_bool_bytes(std::string_view("\0\1\1", 3), "t", "x"));
  EXPECT_TRUE(contains(error_of([] { check_bool_bytes(std::string_view("\0\1\xff", 3), "t", "x"); }),
                       "tensor 't' must hold bytes 0 and 1, since it is BOOL; byte 2 is 255"));
}

}  // namespace
}  // namespace lrpp::safetensors
