#include <lrpp/framework/evaluation/state_file.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/tests/support/testing.h>

#include <fstream>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::TemporaryFolder;

const Json print = {{"model", "a"}, {"seed", 3}};

Json record(const std::string& method, int64_t example, double score) {
  return {{"method", method}, {"example", example}, {"scores", {score}}};
}

class State : public ::testing::Test {
 protected:
  std::string text() const { return read_file(path_, 1 << 20); }
  void append(const std::string& text) const {
    std::ofstream(path_, std::ios::app | std::ios::binary) << text;
  }

  TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "f.state.jsonl";
};

TEST_F(State, GoesOnWhereItWas) {
  {
    StateFile state(path_, print);
    EXPECT_EQ(state.find("m", 0), nullptr);
    state.append({record("m", 0, 0.1), record("m", 1, 1.0 / 3)});
  }
  StateFile state(path_, print);
  ASSERT_NE(state.find("m", 1), nullptr);
  EXPECT_EQ((*state.find("m", 1))["scores"][0].get<double>(), 1.0 / 3) << "numbers survive to the last bit";
  EXPECT_EQ(state.find("m", 2), nullptr);
  EXPECT_EQ(state.find("other", 1), nullptr);
  state.append({record("other", 1, 2)});
  EXPECT_NE(state.find("other", 1), nullptr);
}

TEST_F(State, AHalfWrittenLineIsMeasuredAgain) {
  { StateFile(path_, print).append({record("m", 0, 1), record("m", 1, 1)}); }
  const std::string whole = text();
  for (size_t cut = 1; cut < 20; ++cut) {
    std::ofstream(path_, std::ios::trunc | std::ios::binary) << whole.substr(0, whole.size() - cut);
    {
      StateFile state(path_, print);
      EXPECT_NE(state.find("m", 0), nullptr);
      ASSERT_EQ(state.find("m", 1), nullptr) << cut;
      state.append({record("m", 1, 1)});
    }
    EXPECT_EQ(text(), whole) << cut;
  }
}

TEST_F(State, AHalfWrittenFirstLineBeginsAnew) {
  append("{\"lrpp_evaluation\":1,\"fing");
  StateFile(path_, print).append({record("m", 0, 1)});
  EXPECT_NE(StateFile(path_, print).find("m", 0), nullptr);
}

TEST_F(State, AnotherFingerprintIsNamed) {
  { StateFile(path_, print).append({record("m", 0, 1)}); }
  const std::string before = text();
  expect_user_error(
      [&] {
        StateFile(path_, {{"model", "a"}, {"seed", 4}});
      },
      {"'seed'", "3 then", "4 now", "--restart"});
  expect_user_error(
      [&] {
        StateFile(path_, {{"model", "a"}, {"seed", 3}, {"new", 1}});
      },
      {"'new'", "nothing then"});
  EXPECT_EQ(text(), before);
}

TEST_F(State, ForeignAndDamagedFilesAreLeftAlone) {
  append("[1, 2]\n");
  expect_user_error([&] { StateFile(path_, print); }, {"no state of lrpp evaluate"});
  std::filesystem::remove(path_);
  { StateFile(path_, print).append({record("m", 0, 1)}); }
  append(record("m", 0, 1).dump() + "\n");
  expect_user_error([&] { StateFile(path_, print); }, {"line 3", "example 0", "'m'", "--restart"});
  std::filesystem::remove(path_);
  { StateFile(path_, print).append({record("m", 0, 1)}); }
  append("{\"method\": 3}\n");
  expect_user_error([&] { StateFile(path_, print); }, {"line 3", "record of an example"});
  std::filesystem::remove(path_);
  { StateFile(path_, print).append({record("m", 0, 1)}); }
  append("{\"method\n");
  expect_user_error([&] { StateFile(path_, print); }, {"line 3"});
}

TEST_F(State, TwoAtOnceAreRefused) {
  StateFile state(path_, print);
  expect_user_error([&] { StateFile(path_, print); }, {"another lrpp"});
}

TEST_F(State, NoExampleCountsTwice) {
  StateFile state(path_, print);
  state.append({record("m", 0, 1)});
  const std::string before = text();
  expect_user_error([&] { state.append({record("m", 0, 1)}); }, {"example 0"});
  EXPECT_EQ(text(), before);
}

TEST_F(State, AFolderThatIsNotThereIsNamed) {
  expect_user_error([&] { StateFile(folder_ / "no/f.state.jsonl", print); }, {"must be writable"});
}

}  // namespace
}  // namespace lrpp::evaluation
