#include "intercept/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/descriptor.h"
#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

// systemd's end of the socket.
class Listener {
 public:
  explicit Listener(const std::string& name)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), std::begin(address.sun_path));
    if (name.front() == '@') {
      address.sun_path[0] = '\0';
    }
    REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) == 0);
  }

  std::string next() {
    std::array<char, 512> text{};
    alignas(cmsghdr) std::array<char, 256> room{};
    iovec part{.iov_base = text.data(), .iov_len = text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const auto size = recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    descriptors = 0;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); size >= 0 && header != nullptr) {
      descriptors = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < descriptors; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        const Descriptor closed(fd);
      }
    }
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }

  std::size_t descriptors = 0;  // that came with the last message

 private:
  Descriptor socket_;
};

ServiceManager manager_of(const std::string& socket, const char* watchdog = nullptr,
                          const char* pid = nullptr) {
  setenv("NOTIFY_SOCKET", socket.c_str(), 1);
  watchdog == nullptr ? unsetenv("WATCHDOG_USEC") : setenv("WATCHDOG_USEC", watchdog, 1);
  pid == nullptr ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid, 1);
  return ServiceManager::from_environment();
}

TEST_CASE("the service manager hears each state, through a file or an abstract name") {
  const Folder folder;
  for (const std::string& name :
       {std::string(folder / "notify"), "@weir-test-" + std::to_string(getpid())}) {
    INFO(name);
    Listener listener(name);
    const auto manager = manager_of(name);
    manager.ready("serving");
    CHECK(listener.next() == "READY=1\nSTATUS=serving");
    manager.reloading();
    CHECK(listener.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    manager.alive();
    CHECK(listener.next() == "WATCHDOG=1");
    manager.stopping(Milliseconds(1'500), "draining");
    CHECK(listener.next() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000\nSTATUS=draining");
    CHECK(listener.next().empty());
  }
}

TEST_CASE("programs that weir starts do not inherit the socket") {
  static_cast<void>(manager_of("/nowhere", "1000000", "1"));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    CHECK(getenv(name) == nullptr);
  }
}

TEST_CASE("alive is said twice as often as expected, and only by whom it is expected of") {
  const auto self = std::to_string(getpid());
  CHECK(manager_of("/x", "30000000").watchdog() == Milliseconds(15'000));
  CHECK(manager_of("/x", "30000000", self.c_str()).watchdog() == Milliseconds(15'000));
  CHECK_FALSE(manager_of("/x", "30000000", "1").watchdog());
  CHECK_FALSE(manager_of("/x").watchdog());
  CHECK_FALSE(manager_of("/x", "soon").watchdog());
  CHECK_FALSE(manager_of("/x", "0").watchdog());
  CHECK_FALSE(manager_of("", "30000000").watchdog());
}

TEST_CASE("descriptors are given to be kept under a name, and taken back") {
  const Folder folder;
  Listener listener(folder / "notify");
  const auto manager = manager_of(folder / "notify");
  const std::array descriptors{STDIN_FILENO, STDOUT_FILENO};
  manager.keep("worker-3", descriptors);
  CHECK(listener.next() == "FDSTORE=1\nFDNAME=worker-3");
  CHECK(listener.descriptors == 2);
  manager.forget("worker-3");
  CHECK(listener.next() == "FDSTOREREMOVE=1\nFDNAME=worker-3");
  CHECK(listener.descriptors == 0);
}

TEST_CASE("a gateway that was taken over names its successor, and says nothing more") {
  const Folder folder;
  Listener listener(folder / "notify");
  auto before = manager_of(folder / "notify", "30000000");
  auto after = manager_of("");
  after.inherit(before.address(), before.watchdog());
  CHECK(after.watchdog() == Milliseconds(15'000));
  before.succeeded_by(4711);
  CHECK(listener.next() == "MAINPID=4711");
  before.alive();
  CHECK_FALSE(before.watchdog());
  CHECK(listener.next().empty());
  after.alive();
  CHECK(listener.next() == "WATCHDOG=1");
}

TEST_CASE("sockets passed to another process are not ours") {
  for (const char* pid : {"1", "", "soon"}) {
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "a:b", 1);
    CHECK(manager_of("/nowhere").take_passed().empty());
    CHECK(getenv("LISTEN_FDS") == nullptr);
  }
}

TEST_CASE("without a service manager, or with one that has gone, nothing happens") {
  manager_of("").ready("x");
  manager_of("/nowhere/at/all").ready("x");
  manager_of("/" + std::string(300, 'x')).alive();
}

}  // namespace
}  // namespace weir
