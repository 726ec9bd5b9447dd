#include "intercept/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/passed_descriptors.h"

namespace weir {
namespace {

constexpr std::size_t max_kept = 250;

// The main thread starts nothing before it has read its environment.
// NOLINTBEGIN(concurrency-mt-unsafe)
std::string taken_from_environment(const char* name) {
  const char* value = getenv(name);
  std::string out = value == nullptr ? "" : value;
  unsetenv(name);
  return out;
}
// NOLINTEND(concurrency-mt-unsafe)

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, out);
  return code == std::errc{} && stop == end && out > 0 ? std::optional(out) : std::nullopt;
}

// systemd passes them from number 3 on, with names between colons.
std::vector<PassedSocket> passed_sockets(std::int64_t count, const std::string& names) {
  constexpr int first = 3;
  constexpr std::int64_t max = 4'096;
  std::vector<PassedSocket> out;
  std::istringstream rest(names);
  for (int i = 0; i < static_cast<int>(std::min(count, max)); ++i) {
    std::string name;
    std::getline(rest, name, ':');
    const int fd = first + i;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
      out.push_back({.name = name, .socket = Descriptor(fd)});
    }
  }
  return out;
}

std::int64_t microseconds(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.address_ = taken_from_environment("NOTIFY_SOCKET");
  const auto every = number(taken_from_environment("WATCHDOG_USEC"));
  const auto whom = number(taken_from_environment("WATCHDOG_PID"));
  if (every && (!whom || *whom == getpid())) {
    out.watchdog_ = std::max(Milliseconds(*every / 1000 / 2), Milliseconds(1));
  }
  const auto passed = number(taken_from_environment("LISTEN_FDS"));
  const auto to_whom = number(taken_from_environment("LISTEN_PID"));
  const std::string names = taken_from_environment("LISTEN_FDNAMES");
  if (passed && to_whom && *to_whom == getpid()) {
    out.passed_ = passed_sockets(*passed, names);
  }
  out.open();
  return out;
}

void ServiceManager::open() {
  if (address_.empty() || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    address_.clear();
    watchdog_.reset();
    return;
  }
  socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

void ServiceManager::inherit(const std::string& address, std::optional<Milliseconds> watchdog) {
  address_ = address;
  watchdog_ = watchdog;
  open();
}

void ServiceManager::say(const std::string& words, std::span<const int> descriptors) const {
  if (address_.empty()) {
    return;
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), std::begin(to.sun_path));
  if (address_.front() == '@') {
    to.sun_path[0] = '\0';
  }
  std::string text = words;
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(max_kept * sizeof(int))> room{};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    attach_descriptors(message, descriptors, room);
  }
  // If the service manager does not listen, nothing is lost.
  static_cast<void>(sendmsg(socket_.get(), &message, MSG_NOSIGNAL));
}

void ServiceManager::succeeded_by(pid_t successor) {
  say("MAINPID=" + std::to_string(successor));
  address_.clear();
  watchdog_.reset();
}

void ServiceManager::keep(std::string_view name, std::span<const int> descriptors) const {
  say("FDSTORE=1\nFDNAME=" + std::string(name),
      descriptors.first(std::min(descriptors.size(), max_kept)));
}

void ServiceManager::forget(std::string_view name) const {
  say("FDSTOREREMOVE=1\nFDNAME=" + std::string(name));
}

void ServiceManager::ready(std::string_view status) const {
  say("READY=1\nSTATUS=" + std::string(status));
}

void ServiceManager::reloading() const {
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now());
  say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds(now)) + "\nSTATUS=reloading");
}

void ServiceManager::stopping(Milliseconds max, std::string_view status) const {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(max).count();
  say("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(us) + "\nSTATUS=" + std::string(status));
}

void ServiceManager::alive() const { say("WATCHDOG=1"); }

}  // namespace weir
