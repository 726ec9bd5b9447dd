#include "admin/start_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

TEST_CASE("the lock's file is its owner's alone, and goes with the lock") {
  const Folder folder;
  const std::string path = folder / "control.sock.lock";
  {
    const auto lock = StartLock::take(path);
    REQUIRE(lock);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK(access(path.c_str(), F_OK) != 0);
}

TEST_CASE("a lock that is held is waited for, but not for ever") {
  const Folder folder;
  const std::string path = folder / "control.sock.lock";
  std::optional<StartLock> first(std::move(StartLock::take(path)).value());
  const auto second = StartLock::take(path, Milliseconds(50));
  REQUIRE_FALSE(second);
  CHECK(second.error().text() == "another process holds the lock " + path +
                                     ": a gateway that starts and does not get on (fuser " + path +
                                     " names it)");
  first.reset();
  CHECK(StartLock::take(path, Milliseconds(50)));
}

TEST_CASE("a lock on the folder holds up no start") {
  const Folder folder;
  const std::string itself = folder / ".";
  const Descriptor other(open(itself.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(flock(other.get(), LOCK_EX) == 0);
  CHECK(StartLock::take(folder / "control.sock.lock", Milliseconds(50)));
}

TEST_CASE("a link in the lock's place is not followed") {
  const Folder folder;
  const std::string path = folder / "control.sock.lock";
  REQUIRE(symlink("/etc/passwd", path.c_str()) == 0);
  CHECK_FALSE(StartLock::take(path, Milliseconds(50)));
}

}  // namespace
}  // namespace weir
