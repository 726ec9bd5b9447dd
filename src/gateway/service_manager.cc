#include "gateway/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace weir {
namespace {

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

std::int64_t microseconds(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.address_ = taken_from_environment("NOTIFY_SOCKET");
  const auto every = number(taken_from_environment("WATCHDOG_USEC"));
  const auto whom = number(taken_from_environment("WATCHDOG_PID"));
  if (out.address_.empty() || out.address_.size() >= sizeof(sockaddr_un::sun_path)) {
    out.address_.clear();
    return out;
  }
  out.socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (every && (!whom || *whom == getpid())) {
    out.watchdog_ = std::max(Milliseconds(*every / 1000 / 2), Milliseconds(1));
  }
  return out;
}

void ServiceManager::say(const std::string& words) const {
  if (address_.empty()) {
    return;
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), std::begin(to.sun_path));
  if (address_.front() == '@') {
    to.sun_path[0] = '\0';
  }
  // If nobody listens, nobody wanted to know.
  static_cast<void>(
      sendto(socket_.get(), words.data(), words.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&to),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size())));
}

void ServiceManager::ready(std::string_view status) const {
  say("READY=1\nSTATUS=" + std::string(status));
}

void ServiceManager::reloading() const {
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now());
  say("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds(now)) + "\nSTATUS=reloading");
}

void ServiceManager::stopping(Milliseconds most, std::string_view status) const {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(most).count();
  say("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(us) + "\nSTATUS=" + std::string(status));
}

void ServiceManager::alive() const { say("WATCHDOG=1"); }

}  // namespace weir
