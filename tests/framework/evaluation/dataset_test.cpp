#include <lrpp/cli/builtins.h>
#include <lrpp/framework/evaluation/dataset.h>
#include <lrpp/tests/support/testing.h>

#include <fstream>
#include <set>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::TemporaryFolder;
namespace fs = std::filesystem;

const fs::path zoo_folder = fs::path(LRPP_SOURCE_DIR) / "zoo";

class Data : public ::testing::Test {
 protected:
  static const Model& reader() {
    static const Model model = load_model(builtin_registry(), zoo_folder / "sst2-mamba");
    return model;
  }
  static const Model& seer() {
    static const Model model = load_model(builtin_registry(), zoo_folder / "digits-cnn");
    return model;
  }
  Dataset texts(const std::string& lines, DataOptions options = {}) const {
    options.path = folder_ / "data.tsv";
    std::ofstream(options.path, std::ios::binary) << lines;
    static const auto tokenizer = Tokenizer::from_file(zoo_folder / "sst2-mamba" / "tokenizer.json");
    return read_dataset(reader(), tokenizer, options);
  }
  void picture(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    fs::copy_file(zoo_folder / "digits-cnn" / "example-1.png", folder_ / name);
  }
  Dataset pictures(DataOptions options = {}) const {
    options.path = folder_.path();
    return read_dataset(seer(), std::nullopt, options);
  }

  TemporaryFolder folder_;
};

TEST_F(Data, TextsOfEitherOrder) {
  const Dataset one = texts("a good film\tpositive\nso bad\t0\r\n");
  ASSERT_EQ(one.examples.size(), 2u);
  EXPECT_EQ(one.examples[0].label, 1);
  EXPECT_EQ(one.examples[1].label, 0);
  EXPECT_EQ(one.examples[1].name, "line 2");
  EXPECT_EQ(one.examples[0].ids.size(), 4u) << "three words and [SEP]";
  EXPECT_TRUE(one.examples[0].special.back());
  EXPECT_TRUE(one.has_labels);
  DataOptions options;
  options.columns = {"label", "-", "text"};
  const Dataset other = texts("1\tx\ta good film\nnegative\t\tso bad", options);
  EXPECT_EQ(other.examples[0].ids, one.examples[0].ids);
  EXPECT_EQ(other.examples[1].label, 0);
  EXPECT_EQ(other.hash, one.hash);
  EXPECT_NE(texts("a good film\tpositive\nso bad\t1\n").hash, one.hash);
}

TEST_F(Data, AHeaderAndNoLabels) {
  DataOptions options;
  options.header = true;
  EXPECT_EQ(texts("sentence\tlabel\nso bad\t0\n", options).examples[0].name, "line 2");
  options.columns = {"text"};
  options.header = false;
  const Dataset plain = texts("so bad\n", options);
  EXPECT_FALSE(plain.has_labels);
  EXPECT_EQ(plain.examples[0].label, -1);
}

TEST_F(Data, TruthIsTheTokensThatItsSpansTouch) {
  DataOptions options;
  options.columns = {"text", "truth"};
  const Dataset data = texts("a good film\t2-6\na good film\t0-1,8-9\n", options);
  EXPECT_EQ(data.examples[0].truth, (std::vector<bool>{false, true, false, false}));
  EXPECT_EQ(data.examples[1].truth, (std::vector<bool>{true, false, true, false}));
  for (const char* spans : {"", "2", "6-2", "2-6,", "2-6;7-8", "-1-4"})
    expect_user_error([&] { texts(fmt::format("a good film\t{}\n", spans), options); }, {"line 1", "spans"});
  expect_user_error([&] { texts("a good film\t90-95\n", options); }, {"line 1", "no token"});
}

TEST_F(Data, BadLinesAreNamedAndCounted) {
  const std::string lines = "fine\t1\n\nno label\nbad\tso-so\n \t1\nfine\t0\n";
  expect_user_error([&] { texts(lines); },
                    {"4 of 6", "line 2", "is empty", "line 3", "2 column", "text, label", "got 1", "line 4",
                     "'so-so'", "negative", "and 1 more", "--skip-bad"});
  DataOptions options;
  options.skip_bad = true;
  const Dataset left = texts(lines, options);
  EXPECT_EQ(left.examples.size(), 2u);
  EXPECT_EQ(left.examples[1].name, "line 6");
  ASSERT_EQ(left.skipped.size(), 4u);
  EXPECT_NE(left.skipped[3].find("line 5"), std::string::npos);
  expect_user_error([&] { texts("bad\tso-so\n", options); }, {"none of 1", "'so-so'"});
  expect_user_error([&] { texts(""); }, {"holds no text"});
  expect_user_error([&] { texts("\xff\xfe\t1\n"); }, {"line 1", "UTF-8"});
}

TEST_F(Data, OptionsThatDoNotFitAreNamed) {
  DataOptions options;
  for (const auto& [columns, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"label"}, "'text'"}, {{"text", "text"}, "twice"}, {{"text", "lable"}, "label"}}) {
    options.columns = columns;
    expect_user_error([&] { texts("x\t1\n", options); }, {"[columns]", part});
  }
  options = {};
  options.path = folder_ / "missing.tsv";
  expect_user_error([&] { read_dataset(reader(), std::nullopt, options); }, {"missing.tsv", "not there"});
  options.path = folder_.path();
  expect_user_error([&] { read_dataset(reader(), std::nullopt, options); }, {"reads text", "TSV"});
}

TEST_F(Data, SamplesAreChosenBySeed) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += fmt::format("text {}\t1\n", i);
  DataOptions options;
  options.samples = 20;
  const auto names = [&](uint64_t seed) {
    options.seed = seed;
    std::vector<std::string> result;
    for (const Example& e : texts(lines, options).examples) result.push_back(e.name);
    return result;
  };
  const auto first = names(1);
  EXPECT_EQ(first.size(), 20u);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), 20u);
  EXPECT_EQ(first, names(1));
  EXPECT_NE(first, names(2));
  options.samples = 1000;
  EXPECT_EQ(names(1).size(), 100u);
  // A malformed line is an error even where it was not chosen.
  options.samples = 1;
  options.seed = 1;
  expect_user_error([&] { texts(lines + "oops\n", options); }, {"line 101"});
}

TEST_F(Data, PicturesInFoldersThatAreLabels) {
  picture("3/a.png");
  picture("7/b.PNG");
  std::ofstream(folder_ / "notes.txt") << "no picture";
  const Dataset data = pictures();
  ASSERT_EQ(data.examples.size(), 2u);
  EXPECT_EQ(data.examples[0].name, "3/a.png");
  EXPECT_EQ(data.examples[1].label, 7);
  EXPECT_EQ(data.examples[0].height, 28);
  EXPECT_TRUE(data.has_labels);
  const Inputs inputs = prepare(seer(), data, {&data.examples[0], &data.examples[1]});
  EXPECT_EQ(inputs.at("pixel_values").sizes(), (std::vector<int64_t>{2, 1, 28, 28}));
}

TEST_F(Data, PicturesWithAFileOfLabelsAndWithNone) {
  picture("a.png");
  picture("b.png");
  EXPECT_FALSE(pictures().has_labels);
  DataOptions options;
  options.labels = folder_ / "labels.tsv";
  std::ofstream(options.labels) << "b.png\t4\na.png\t1\n";
  const Dataset data = pictures(options);
  EXPECT_EQ(data.examples[0].name, "b.png");
  EXPECT_EQ(data.examples[0].label, 4);
  std::ofstream(options.labels) << "b.png\t4\na.png\nc.png\t1\n";
  expect_user_error([&] { pictures(options); }, {"2 of 3", "labels.tsv, line 2", "c.png"});
  options.skip_bad = true;
  EXPECT_EQ(pictures(options).examples.size(), 1u);
  picture("5/c.png");
  expect_user_error([&] { pictures(); }, {"of all, or of none"});
}

TEST_F(Data, BadPicturesAreNamed) {
  picture("3/a.png");
  std::ofstream(folder_ / "3/broken.png") << "no picture";
  expect_user_error([&] { pictures(); }, {"1 of 2", "3/broken.png", "--skip-bad"});
  DataOptions options;
  options.skip_bad = true;
  EXPECT_EQ(pictures(options).examples.size(), 1u);
  picture("eleven/a.png");
  expect_user_error([&] { pictures(); }, {"'eleven'"});
  fs::remove_all(folder_ / "3");
  fs::remove_all(folder_ / "eleven");
  expect_user_error([&] { pictures(); }, {"no PNG or JPEG"});
}

}  // namespace
}  // namespace lrpp::evaluation
