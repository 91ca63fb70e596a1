// Pictures against what Pillow makes of the same files (tests/fixtures/images/make.py), and files that are
// none.
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/image.h>
#include <lrpp/framework/io/image_resize.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/framework/io/io_test_support.h>
#include <png.h>

#include <cstring>

namespace lrpp {
namespace {

using test::contains;
using test::error_of;
using test::slurp;

const std::filesystem::path folder = std::filesystem::path(LRPP_TEST_FIXTURES) / "images";

const SafetensorsFile& expected() {
  static const SafetensorsFile file(folder / "expected.safetensors");
  return file;
}

Image read(const std::string& name, int64_t channels = 3) {
  std::vector<std::string> warnings;
  return read_image(folder / name, channels, warnings);
}

Image decode(const std::string& bytes, int64_t channels = 3) {
  std::vector<std::string> warnings;
  return decode_image(bytes, channels, "image x", warnings);
}

/// Every byte: decoding and resizing are arithmetic on integers, so nothing is left to rounding.
void expect_same(const Image& image, const at::Tensor& tensor) {
  ASSERT_EQ(tensor.sizes(), (std::vector<int64_t>{image.height, image.width, image.channels}));
  EXPECT_EQ(std::memcmp(image.pixels.data(), tensor.const_data_ptr(), image.pixels.size()), 0);
}

TEST(Images, AreWhatPillowMakesOfTheFile) {
  int count = 0;
  for (const auto& [name, info] : expected().tensors()) {
    const bool grey = name.ends_with(".grey");
    if (!grey && !name.ends_with(".rgb")) continue;
    SCOPED_TRACE(name);
    expect_same(read(name.substr(0, name.rfind('.')), grey ? 1 : 3), expected().get(name));
    ++count;
  }
  EXPECT_EQ(count, 34);  // 17 files, each twice
}

TEST(Images, SixteenBitsKeepTheirHighByte) {
  // RGB as Pillow has it (above). Grey is the exception that the header names.
  png_image simple{};
  simple.version = PNG_IMAGE_VERSION;
  simple.width = 2;
  simple.height = 1;
  simple.format = PNG_FORMAT_LINEAR_Y;
  std::vector<uint16_t> linear{0x12ff, 0xff80};
  png_alloc_size_t size = 0;
  ASSERT_NE(png_image_write_to_memory(&simple, nullptr, &size, 0, linear.data(), 0, nullptr), 0);
  std::string bytes(size, '\0');
  ASSERT_NE(png_image_write_to_memory(&simple, bytes.data(), &size, 0, linear.data(), 0, nullptr), 0);
  std::vector<std::string> warnings;
  EXPECT_EQ(decode_image(bytes, 1, "image x", warnings).pixels, (std::vector<uint8_t>{0x12, 0xff}));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_TRUE(contains(warnings[0], "[image x] of 16-bit grey the high byte is taken"));
}

/// The eight orientations of the EXIF standard, in LibTorch's words: where row 0 and column 0 of the stored
/// picture are shown.
TEST(Images, AreTurnedAsExifAsks) {
  const std::string upright = slurp(folder / "rgb.jpg"), stored = slurp(folder / "turned.jpg");
  const size_t entry = stored.find(std::string("\x01\x12\0\x03\0\0\0\x01\0\x06", 10));
  ASSERT_NE(entry, std::string::npos);
  const Image plain = decode(upright);
  const at::Tensor tensor =
      at::tensor(plain.pixels, at::kByte).reshape({plain.height, plain.width, plain.channels});
  const std::vector<at::Tensor> expected = {tensor,                               // 1: top, left
                                            tensor.flip({1}),                     // 2: top, right
                                            tensor.flip({0, 1}),                  // 3: bottom, right
                                            tensor.flip({0}),                     // 4: bottom, left
                                            tensor.transpose(0, 1),               // 5: left, top
                                            tensor.rot90(-1, {0, 1}),             // 6: right, top
                                            tensor.flip({0, 1}).transpose(0, 1),  // 7: right, bottom
                                            tensor.rot90(1, {0, 1})};             // 8: left, bottom
  for (size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i + 1);
    std::string bytes = stored;
    bytes[entry + 9] = static_cast<char>(i + 1);
    expect_same(decode(bytes), expected[i].contiguous());
  }
}

TEST(Images, ResizingIsPillowsToTheByte) {
  int count = 0;
  for (const auto& [name, info] : expected().tensors()) {
    for (const auto filter : {Resampling::nearest, Resampling::bilinear, Resampling::bicubic}) {
      const std::string infix = fmt::format(".{}.", to_string(filter));
      const size_t at = name.find(infix);
      if (at == std::string::npos) continue;
      SCOPED_TRACE(name);
      expect_same(resize(read(name.substr(0, at) + ".png"), info.shape[0], info.shape[1], filter),
                  expected().get(name));
      ++count;
    }
  }
  EXPECT_EQ(count, 54);  // 2 pictures, 3 filters, 9 sizes
}

TEST(Images, CropsPadWithBlack) {
  const Image image{2, 3, 1, {1, 2, 3, 4, 5, 6}};
  EXPECT_EQ(crop(image, 0, 1, 2, 2).pixels, (std::vector<uint8_t>{2, 3, 5, 6}));
  EXPECT_EQ(crop(image, -1, -1, 3, 2).pixels, (std::vector<uint8_t>{0, 0, 0, 1, 0, 4}));
  EXPECT_EQ(crop(image, 1, 2, 2, 2).pixels, (std::vector<uint8_t>{6, 0, 0, 0}));
  EXPECT_EQ(crop(image, 5, 5, 1, 1).pixels, (std::vector<uint8_t>{0}));
}

TEST(Images, WarnOfWhatIsPassedOver) {
  const auto warnings_of = [](const std::string& name) {
    std::vector<std::string> warnings;
    read_image(folder / name, 3, warnings);
    return warnings;
  };
  for (const char* name : {"rgba.png", "grey-alpha.png", "palette-transparent.png"}) {
    ASSERT_EQ(warnings_of(name).size(), 1U) << name;
    EXPECT_TRUE(contains(warnings_of(name)[0], "transparent parts"));
    EXPECT_TRUE(contains(warnings_of(name)[0], name));
  }
  for (const char* name : {"turned.jpg", "turned.png"}) {
    ASSERT_EQ(warnings_of(name).size(), 1U) << name;
    EXPECT_TRUE(contains(warnings_of(name)[0], "is turned as it asks (EXIF orientation 6)"));
  }
  EXPECT_TRUE(warnings_of("rgb.png").empty());
  EXPECT_TRUE(warnings_of("rgb.jpg").empty());
  // An alpha channel that is opaque everywhere hides nothing.
  png_image simple{};
  simple.version = PNG_IMAGE_VERSION;
  simple.width = simple.height = 1;
  simple.format = PNG_FORMAT_RGBA;
  std::vector<uint8_t> pixel{9, 8, 7, 255};
  std::string bytes(1000, '\0');
  png_alloc_size_t size = bytes.size();
  ASSERT_NE(png_image_write_to_memory(&simple, bytes.data(), &size, 0, pixel.data(), 0, nullptr), 0);
  bytes.resize(size);
  std::vector<std::string> warnings;
  EXPECT_EQ(decode_image(bytes, 3, "x", warnings).pixels, (std::vector<uint8_t>{9, 8, 7}));
  EXPECT_TRUE(warnings.empty());
}

TEST(Images, FilesThatAreNoneAreNamed) {
  const test::TemporaryFolder temporary;
  const auto message = [&](const std::string& name, const std::string& bytes) {
    test::put(temporary / name, bytes);
    std::vector<std::string> warnings;
    return error_of([&] { read_image(temporary / name, 3, warnings); });
  };
  EXPECT_TRUE(contains(message("a.png", ""), "[image " + (temporary / "a.png").string() + "]"));
  EXPECT_TRUE(contains(message("a.png", ""), "empty"));
  EXPECT_TRUE(contains(message("a.png", "hello"), "neither"));
  EXPECT_TRUE(contains(message("a.png", "\x89PNG"), "neither"));
  for (const auto& [kind, bytes] :
       std::vector<std::pair<std::string, std::string>>{{"GIF", "GIF89a....."},
                                                        {"WebP", "RIFF....WEBPVP8 "},
                                                        {"BMP", "BM........"},
                                                        {"TIFF", std::string("II*\0....", 8)},
                                                        {"HEIC", "....ftypheic"}}) {
    EXPECT_TRUE(contains(message("a.png", bytes), "this one is " + kind));
  }
  EXPECT_TRUE(contains(message("a.png", "GIF89a"), "Convert it to PNG"));
  EXPECT_TRUE(contains(error_of([&] { read("none.png"); }), "does not exist"));
  EXPECT_TRUE(contains(error_of([&] { read("."); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { read("rgb.png", 4); }), "4 channels"));
}

/// The file is told by what it holds, not by what it is called.
TEST(Images, NamesDoNotMatter) {
  const test::TemporaryFolder temporary;
  std::filesystem::copy_file(folder / "rgb.jpg", temporary / "picture.png");
  std::vector<std::string> warnings;
  EXPECT_EQ(read_image(temporary / "picture.png", 3, warnings).pixels, read("rgb.jpg").pixels);
}

TEST(Images, EveryCutIsAnError) {
  for (const char* name :
       {"rgb.png", "interlaced.png", "palette.png", "rgb.jpg", "progressive.jpg", "cmyk.jpg"}) {
    const std::string bytes = slurp(folder / name);
    for (size_t length = 0; length < bytes.size(); length += 1 + length / 16) {
      // The last bytes of a JPEG, its end marker, are the ones that it could do without; they must be there.
      const std::string error = error_of([&] { decode(bytes.substr(0, length)); });
      EXPECT_TRUE(contains(error, "[image x]")) << name << " cut to " << length;
    }
    EXPECT_TRUE(contains(error_of([&] { decode(bytes.substr(0, bytes.size() - 1)); }), "cut short")) << name;
  }
}

TEST(Images, DamageNeverCrashes) {
  for (const char* name : {"rgb.png", "interlaced.png", "palette.png", "grey-alpha.png", "turned.jpg",
                           "progressive.jpg", "cmyk.jpg", "turned.png"}) {
    const std::string bytes = slurp(folder / name);
    for (size_t i = 0; i < bytes.size(); i += 3) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
      try {
        const Image image = decode(damaged);  // harmless damage, such as another colour, is fine
        EXPECT_EQ(image.pixels.size(), static_cast<size_t>(image.height * image.width * 3));
      } catch (const UserError&) {
      }
    }
  }
}

/// A chunk checksum that does not hold is damage even where the pixels could be read.
TEST(Images, PngChecksumsAreChecked) {
  std::string bytes = slurp(folder / "rgb.png");
  const size_t data = bytes.find("IDAT");
  bytes[data + 20] = static_cast<char>(bytes[data + 20] ^ 0x40);
  EXPECT_TRUE(contains(error_of([&] { decode(bytes); }), "PNG file is damaged"));
}

TEST(Images, SizesAreBoundedBeforeMemoryIsTaken) {
  std::string jpeg = slurp(folder / "rgb.jpg");
  const size_t frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\xff\xdc\xff\xdc");  // 65500 x 65500
  EXPECT_TRUE(contains(error_of([&] { decode(jpeg); }), "at most 268435456 pixels"));
  EXPECT_TRUE(contains(error_of([&] { decode(jpeg); }), "65500 x 65500"));
  // The PNG's checksum of its header has to hold, so it is written anew.
  const auto png_of = [](uint32_t width, uint32_t height) {
    std::string bytes = encode_png({1, 1, 1, {0}});
    for (size_t i = 0; i < 4; ++i) {
      bytes[16 + i] = static_cast<char>(width >> (24 - 8 * i));
      bytes[20 + i] = static_cast<char>(height >> (24 - 8 * i));
    }
    uint32_t crc = 0xffffffff;
    for (size_t i = 12; i < 29; ++i) {
      crc ^= static_cast<unsigned char>(bytes[i]);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    for (size_t i = 0; i < 4; ++i) bytes[29 + i] = static_cast<char>(~crc >> (24 - 8 * i));
    return bytes;
  };
  EXPECT_TRUE(
      contains(error_of([&] { decode(png_of(100000, 100000)); }), "100000 x 100000. Make it smaller"));
  EXPECT_TRUE(contains(error_of([&] { decode(png_of(1000001, 1)); }), "1000000 on a side"));
  EXPECT_TRUE(contains(error_of([&] { decode(png_of(2000000000, 2000000000)); }), "at most"));
  EXPECT_TRUE(contains(error_of([&] { decode(png_of(2, 1)); }), "damaged or cut short"));
}

TEST(Images, WrittenPngsAreReadAgain) {
  const test::TemporaryFolder temporary;
  for (const int64_t channels : {1, 3}) {
    const Image image = read("rgb.png", channels);
    write_png(temporary / "a.png", image, {{"Title", "plain"}, {"Description", "na\xc3\xafve"}});
    std::vector<std::string> warnings;
    const Image again = read_image(temporary / "a.png", channels, warnings);
    EXPECT_EQ(again.pixels, image.pixels);
    const std::string bytes = slurp(temporary / "a.png");
    EXPECT_TRUE(contains(bytes, std::string("tEXtTitle\0plain", 15)));
    EXPECT_TRUE(contains(bytes, std::string("iTXtDescription\0", 16)));
  }
  EXPECT_EQ(temporary.entries(), 1U) << "a temporary file was left behind";
  EXPECT_TRUE(contains(error_of([&] { write_png(temporary / "no/a.png", read("rgb.png")); }), "folder"));
}

}  // namespace
}  // namespace lrpp
