#include "admin/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

TEST_CASE("the socket is for owner and group only, in a directory made for it") {
  const Folder folder;
  const auto path = folder / "a/b/control.sock";
  {
    auto made = ControlSocket::listen(path);
    REQUIRE(made);
    CHECK(mode_of(path) == (S_IFSOCK | 0660));
  }
  CHECK(mode_of(path) == 0);
}

TEST_CASE("a socket that a dead gateway left is replaced") {
  const Folder folder;
  const auto path = folder / "control.sock";
  {
    const Descriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    REQUIRE(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  REQUIRE(mode_of(path) != 0);
  CHECK(ControlSocket::listen(path));
}

TEST_CASE("a gateway that lives is not disturbed") {
  const Folder folder;
  const auto path = folder / "control.sock";
  const auto first = ControlSocket::listen(path);
  REQUIRE(first);
  const auto second = ControlSocket::listen(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().text() == "another weir is running on " + path);
  CHECK(mode_of(path) != 0);
}

TEST_CASE("a file that is no socket is left alone") {
  const Folder folder;
  const auto path = folder / "control.sock";
  std::ofstream(path) << "precious";
  const auto made = ControlSocket::listen(path);
  REQUIRE_FALSE(made);
  CHECK(made.error().text() == path + " exists and is not a socket");
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("a path too long for a socket is an error") {
  CHECK_FALSE(ControlSocket::listen("/tmp/" + std::string(200, 'x')));
}

TEST_CASE("another gateway's socket in the same place is not removed") {
  const Folder folder;
  const auto path = folder / "control.sock";
  auto first = std::make_optional(std::move(ControlSocket::listen(path)).value());
  std::filesystem::rename(path, folder / "old");
  const auto second = ControlSocket::listen(path);
  REQUIRE(second);
  first.reset();
  CHECK(mode_of(path) != 0);
}

TEST_CASE("no client finds a successor's socket until it takes the place, and then it stays") {
  const Folder folder;
  const auto path = folder / "control.sock";
  auto first = std::make_optional(std::move(ControlSocket::listen(path)).value());
  const auto inode_of = [](const std::string& name) {
    struct stat status {};
    return stat(name.c_str(), &status) == 0 ? status.st_ino : 0;
  };
  const auto before = inode_of(path);
  { CHECK(ControlSocket::prepare(path)); }  // one that comes to nothing leaves nothing
  CHECK(inode_of(path + ".new") == 0);
  auto second = std::make_optional(std::move(ControlSocket::prepare(path, 0600)).value());
  CHECK(inode_of(path) == before);
  CHECK(mode_of(path + ".new") == (S_IFSOCK | 0600));
  REQUIRE(second->rename_into_place().ok());
  CHECK(inode_of(path) != before);
  CHECK(mode_of(path) == (S_IFSOCK | 0600));
  CHECK(inode_of(path + ".new") == 0);
  first->leave();
  first.reset();
  CHECK(mode_of(path) != 0);
  second.reset();
  CHECK(mode_of(path) == 0);
}

}  // namespace
}  // namespace weir
