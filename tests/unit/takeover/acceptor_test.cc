#include "takeover/acceptor.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "base/folder.h"
#include "catch.h"

namespace weir::takeover {
namespace {

Descriptor listening(const std::string& path) {
  Descriptor out(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), path.size());
  REQUIRE(bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(out.get(), 4) == 0);
  return out;
}

TEST_CASE("without descriptors it waits a while, and does not ask again and again meanwhile") {
  const int code = GENERATE(EMFILE, ENFILE, ENOMEM);
  const Folder folder;
  Loop loop;
  constexpr Milliseconds recovery{50};
  int asked = 0;
  std::optional<Channel> called;
  const Acceptor acceptor(
      loop, listening(folder / "sock"),
      [&](Channel channel) {
        called = std::move(channel);
        loop.stop();
      },
      [&](int fd) {
        if (++asked <= 2) {
          errno = code;
          return -1;
        }
        return accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
      },
      recovery);
  const Instant begun = clock_now();
  const auto caller = Channel::connect(folder / "sock");
  REQUIRE(caller);
  loop.run();
  REQUIRE(called);
  CHECK(asked == 3);
  CHECK(clock_now() - begun >= 2 * recovery);
}

TEST_CASE("a call that was given up meanwhile costs no pause") {
  const int code = GENERATE(ECONNABORTED, EINTR, EAGAIN);
  const Folder folder;
  Loop loop;
  int asked = 0;
  bool called = false;
  const Acceptor acceptor(
      loop, listening(folder / "sock"),
      [&](const Channel&) {
        called = true;
        loop.stop();
      },
      [&](int fd) {
        if (++asked == 1) {
          errno = code;
          return -1;
        }
        return accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
      },
      Milliseconds{3'600'000});
  const auto caller = Channel::connect(folder / "sock");
  REQUIRE(caller);
  loop.run();
  CHECK(called);
}

}  // namespace
}  // namespace weir::takeover
