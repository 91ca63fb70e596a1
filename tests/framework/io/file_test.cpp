#include <lrpp/framework/io/file.h>
#include <sys/stat.h>

#include <stdexcept>

#include "io_test_support.h"

namespace lrpp {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::error_of;

TEST(ReadFile, GivesAllBytes) {
  const test::TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes.push_back(static_cast<char>(i * 7));
  test::put(folder / "a", bytes);
  EXPECT_EQ(read_file(folder / "a", bytes.size()), bytes);
  test::put(folder / "empty", "");
  EXPECT_EQ(read_file(folder / "empty", 0), "");
}

TEST(ReadFile, RefusesWhatItCannotRead) {
  const test::TemporaryFolder folder;
  test::put(folder / "a", "12345");
  EXPECT_TRUE(contains(error_of([&] { read_file(folder / "none", 10, "text"); }),
                       "[text " + (folder / "none").string() + "] the file does not exist"));
  EXPECT_TRUE(contains(error_of([&] { read_file(folder.path(), 10); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { read_file(folder / "a", 4); }), "at most 4 bytes"));
  EXPECT_TRUE(contains(error_of([&] { read_file("", 4); }), "empty"));
  EXPECT_TRUE(contains(error_of([&] { read_file(folder / "a" / "b", 4); }), "Not a directory"));
  EXPECT_TRUE(contains(error_of([&] { read_file(folder / std::string(5000, 'x'), 4); }), "too long"));
  // Endless, and of unknown size.
  EXPECT_TRUE(contains(error_of([&] { read_file("/dev/zero", 100'000); }), "at most 100000 bytes"));
}

TEST(MappedFile, ShowsTheBytes) {
  const test::TemporaryFolder folder;
  test::put(folder / "a", std::string("a\0b", 3));
  const MappedFile file(folder / "a");
  EXPECT_EQ(file.bytes(), std::string_view("a\0b", 3));
  test::put(folder / "empty", "");
  EXPECT_EQ(MappedFile(folder / "empty").size(), 0U);
}

TEST(MappedFile, RefusesWhatItCannotMap) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(contains(error_of([&] { MappedFile file(folder / "none"); }), "does not exist"));
  EXPECT_TRUE(contains(error_of([&] { MappedFile file(folder.path()); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { MappedFile file("/dev/null"); }), "pipe or device"));
}

TEST(WriteAtomically, WritesAndReplaces) {
  const test::TemporaryFolder folder;
  write_atomically(folder / "a", "one");
  EXPECT_EQ(test::slurp(folder / "a"), "one");
  const std::string large(300'000, 'x');  // past the buffer, after something in it
  write_atomically(folder / "a", [&](std::ostream& out) { out << 12 << large << 'y' << std::flush << 3; });
  EXPECT_EQ(test::slurp(folder / "a"), "12" + large + "y3");
  write_atomically(folder / "a", "");
  EXPECT_EQ(test::slurp(folder / "a"), "");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteAtomically, AFailureLeavesTheOldFileAndNothingElse) {
  const test::TemporaryFolder folder;
  test::put(folder / "a", "old");
  const auto fails = [](std::ostream& out) {
    out << std::string(200'000, 'x');
    throw std::runtime_error("half way");
  };
  EXPECT_THROW(write_atomically(folder / "a", fails), std::runtime_error);
  EXPECT_THROW(write_atomically(folder / "new", fails), std::runtime_error);
  EXPECT_EQ(test::slurp(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteAtomically, RefusesPathsThatCannotBeFiles) {
  const test::TemporaryFolder folder;
  test::put(folder / "file", "old");
  EXPECT_TRUE(contains(error_of([&] { write_atomically("", "x"); }), "empty"));
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder.path(), "x"); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder.path() / "", "x"); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder / "none" / "a", "x"); }), "Create it first"));
  EXPECT_TRUE(
      contains(error_of([&] { write_atomically(folder / "file" / "a", "x"); }), "must be a directory"));
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder / std::string(300, 'x'), "x"); }), "name"));
  EXPECT_EQ(test::slurp(folder / "file"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteAtomically, AFullDiskIsAnError) {
  // /dev/full is a device, and so written to directly; the stream underneath is the same one.
  EXPECT_TRUE(contains(error_of([] { write_atomically("/dev/full", "x"); }), "No space left"));
  EXPECT_TRUE(
      contains(error_of([] { write_atomically("/dev/full", std::string(1 << 20, 'x')); }), "No space left"));
}

TEST(WriteAtomically, DevicesStayDevices) {
  write_atomically("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(WriteAtomically, FollowsLinksAndKeepsPermissions) {
  const test::TemporaryFolder folder;
  test::put(folder / "target", "old");
  fs::permissions(folder / "target", fs::perms(0640));
  fs::create_symlink("target", folder / "link");
  write_atomically(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(test::slurp(folder / "target"), "new");
  EXPECT_EQ(fs::status(folder / "target").permissions(), fs::perms(0640));

  const mode_t mask = ::umask(022);
  write_atomically(folder / "fresh", "x");
  ::umask(mask);
  EXPECT_EQ(fs::status(folder / "fresh").permissions(), fs::perms(0644));
}

TEST(WriteAtomically, FollowsLinksToAFileThatIsYetToBe) {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  fs::create_symlink("sub/second", folder / "first");
  fs::create_symlink("fresh", folder / "sub/second");
  write_atomically(folder / "first", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "first"));
  EXPECT_TRUE(fs::is_symlink(folder / "sub/second"));
  EXPECT_EQ(test::slurp(folder / "sub/fresh"), "new");

  fs::create_symlink("loop", folder / "loop");
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder / "loop", "x"); }), "lead nowhere"));
  EXPECT_TRUE(fs::is_symlink(folder / "loop"));
  fs::create_symlink("none/file", folder / "astray");
  EXPECT_NE(error_of([&] { write_atomically(folder / "astray", "x"); }), "");
  EXPECT_TRUE(fs::is_symlink(folder / "astray"));
}

TEST(WriteAtomically, AFolderWithoutPermissionIsAnError) {
  // The super-user may write everywhere but on /proc.
  if (::geteuid() == 0) {
    EXPECT_TRUE(contains(error_of([] { write_atomically("/proc/lrpp", "x"); }), "must be writable"));
    return;
  }
  const test::TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms(0500));
  EXPECT_TRUE(contains(error_of([&] { write_atomically(folder / "a", "x"); }), "must be writable"));
  fs::permissions(folder.path(), fs::perms(0700));
}

/// For a while another user than the super-user, to whom nearly nothing is forbidden.
class AsNobody {
 public:
  AsNobody() : changed_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~AsNobody() {
    if (changed_) {
      EXPECT_EQ(::seteuid(0), 0);
    }
  }

 private:
  bool changed_;
};

size_t entries(const test::TemporaryFolder& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

TEST(CheckWritable, LeavesNothingAndLosesNothing) {
  const test::TemporaryFolder folder;
  check_writable(folder / "fresh");
  EXPECT_EQ(entries(folder), 0u);
  test::put(folder / "old", "old");
  check_writable(folder / "old");
  EXPECT_EQ(test::slurp(folder / "old"), "old");
  fs::create_symlink("old", folder / "link");
  check_writable(folder / "link");
  EXPECT_EQ(entries(folder), 2u);
  check_writable(folder / std::string(255, 'x'));  // the longest name there is
  check_writable("/dev/null");
}

TEST(CheckWritable, RefusesWhatWriteAtomicallyWould) {
  const test::TemporaryFolder folder;
  test::put(folder / "file", "");
  const auto refused = [](const fs::path& path, const std::string& why) {
    const std::string message = error_of([&] { check_writable(path); });
    EXPECT_TRUE(contains(message, why)) << message;
    EXPECT_TRUE(contains(message, path.string())) << message;
    EXPECT_NE(error_of([&] { write_atomically(path, "x"); }), "") << path;
  };
  refused("/proc/lrpp", "No such file");
  refused(folder / std::string(256, 'x'), "File name too long");
  refused(folder / std::string(5000, 'x'), "File name too long");
  refused(folder / "none/file", "its folder must exist");
  refused(folder / "file/file", "its folder must be a directory");
  refused(folder.path(), "this is a directory");
  EXPECT_EQ(entries(folder), 1u);
}

TEST(CheckWritable, AsksForTheFoldersPermission) {
  const test::TemporaryFolder folder;
  test::put(folder / "roots", "old");
  fs::permissions(folder.path(), fs::perms(0555));
  {
    const AsNobody nobody;
    EXPECT_TRUE(contains(error_of([&] { check_writable(folder / "a"); }), "Permission denied"));
    EXPECT_TRUE(contains(error_of([&] { check_writable(folder / "roots"); }), "Permission denied"));
  }
  fs::permissions(folder.path(), fs::perms(01777));
  const bool root = ::geteuid() == 0;
  {
    const AsNobody nobody;
    check_writable(folder / "a");
    // Of this folder, as of /tmp, only a file's owner may take it away.
    const std::string message = error_of([&] { check_writable(folder / "roots"); });
    EXPECT_EQ(contains(message, "another user's"), root) << message;
    EXPECT_EQ(error_of([&] { write_atomically(folder / "roots", "x"); }).empty(), !root);
  }
  fs::permissions(folder.path(), fs::perms(0700));
}

}  // namespace
}  // namespace lrpp
