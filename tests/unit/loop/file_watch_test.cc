#include "loop/file_watch.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

// A watch of some paths in a folder, and how to wait for it.
struct Watched {
  explicit Watched(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
      paths.push_back(folder / name);
    }
    watch = FileWatch::open(loop, paths, [this]() {
              ++calls;
              loop.stop();
            }).value();
  }
  ~Watched() { watch.reset(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Whether something was heard of. The kernel has told it by the time in which it is done: one
  // turn of the loop reads it all.
  bool hears() {
    const int before = calls;
    std::optional<Timer> end(std::in_place, loop, [this]() { loop.stop(); });
    end->once(Milliseconds(0));
    loop.run();
    end.reset();
    return calls != before;
  }

  Folder folder;
  Loop loop;
  int calls = 0;
  std::unique_ptr<FileWatch> watch;
};

TEST_CASE("a file that is made, written to, replaced by rename or removed is heard of") {
  Watched world({"leases"});
  CHECK_FALSE(world.hears());
  write(world.folder / "leases", "one\n");
  CHECK(world.hears());
  append(world.folder / "leases", "two\n");
  CHECK(world.hears());
  write(world.folder / "new", "three\n");
  CHECK_FALSE(world.hears());
  std::filesystem::rename(world.folder / "new", world.folder / "leases");
  CHECK(world.hears());
  append(world.folder / "leases", "four\n");
  CHECK(world.hears());
  std::filesystem::remove(world.folder / "leases");
  CHECK(world.hears());
}

TEST_CASE("a file that was opened before it is written to is heard of, though it is not closed") {
  Watched world({"leases"});
  std::ofstream kept(world.folder / "leases");
  CHECK(world.hears());
  kept << "one\n" << std::flush;
  CHECK(world.hears());
  std::filesystem::resize_file(world.folder / "leases", 0);
  CHECK(world.hears());
}

TEST_CASE("other files of the folder are passed over, and what is written to them is not heard") {
  Watched world({"leases"});
  write(world.folder / "other", "one\n");
  write(world.folder / "leases~", "one\n");
  CHECK_FALSE(world.hears());
}

TEST_CASE("a star stands for what is behind it") {
  Watched world({"leases.*"});
  write(world.folder / "leases", "one\n");
  CHECK_FALSE(world.hears());
  write(world.folder / "leases.2", "one\n");
  CHECK(world.hears());
}

TEST_CASE("a folder that is not there yet is waited for, and watched once it is") {
  Watched world({"a/b/leases"});
  std::filesystem::create_directory(world.folder / "a");
  CHECK(world.hears());
  std::filesystem::create_directory(world.folder / "a/b");
  CHECK(world.hears());
  write(world.folder / "a/b/leases", "one\n");
  CHECK(world.hears());
  write(world.folder / "a/leases", "one\n");
  CHECK_FALSE(world.hears());
}

TEST_CASE("a folder that is made anew is watched instead of the old one") {
  Watched world({"a/leases"});
  std::filesystem::create_directory(world.folder / "a");
  write(world.folder / "a/leases", "one\n");
  CHECK(world.hears());
  std::filesystem::rename(world.folder / "a", world.folder / "old");
  CHECK(world.hears());
  append(world.folder / "old/leases", "two\n");
  CHECK_FALSE(world.hears());
  std::filesystem::create_directory(world.folder / "a");
  CHECK(world.hears());
  write(world.folder / "a/leases", "three\n");
  CHECK(world.hears());
  std::filesystem::remove_all(world.folder / "a");
  CHECK(world.hears());
}

TEST_CASE("where a file is a link, what it leads to is watched") {
  Watched world({"leases"});
  std::filesystem::create_directory(world.folder / "elsewhere");
  write(world.folder / "elsewhere/real", "one\n");
  CHECK_FALSE(world.hears());
  std::filesystem::create_symlink(world.folder / "elsewhere/real", world.folder / "leases");
  CHECK(world.hears());
  append(world.folder / "elsewhere/real", "two\n");
  CHECK(world.hears());
}

TEST_CASE("a folder may be a file's, and watched itself") {
  Watched world({"a", "a/leases"});
  std::filesystem::create_directory(world.folder / "a");
  CHECK(world.hears());
  write(world.folder / "a/leases", "one\n");
  CHECK(world.hears());
  append(world.folder / "a/leases", "two\n");
  CHECK(world.hears());
}

TEST_CASE("two files of one folder are watched side by side") {
  Watched world({"a", "b"});
  write(world.folder / "a", "one\n");
  CHECK(world.hears());
  write(world.folder / "b", "one\n");
  CHECK(world.hears());
}

TEST_CASE("a watch may be destroyed in its own call") {
  Folder folder;
  Loop loop;
  std::unique_ptr<FileWatch> watch;
  watch = FileWatch::open(loop, {folder / "a"}, [&]() {
            watch.reset();
            loop.stop();
          }).value();
  write(folder / "a", "one\n");
  loop.run();
  CHECK(watch == nullptr);
}

}  // namespace
}  // namespace weir
