#include "intercept/passed_listeners.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "intercept/tcp_listener.h"
#include "intercept/udp_listener.h"

namespace weir {
namespace {

constexpr std::string_view name_prefix = "worker-";

// What a socket is; none: nothing that listens for us.
struct Kind {
  int type = 0;
  Endpoint local;
};

std::optional<Kind> kind_of(int fd) {
  Kind out;
  socklen_t length = sizeof out.type;
  sockaddr_storage name{};
  socklen_t name_length = sizeof name;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &out.type, &length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&name), &name_length) != 0 ||
      (name.ss_family != AF_INET && name.ss_family != AF_INET6)) {
    return std::nullopt;
  }
  out.local = Endpoint::from(name);
  return out;
}

std::size_t worker_named(std::string_view name, std::size_t workers) {
  std::size_t out = 0;
  if (name.starts_with(name_prefix)) {
    name.remove_prefix(name_prefix.size());
    std::from_chars(name.data(), name.data() + name.size(), out);
  }
  return out % workers;
}

bool has(const std::vector<Descriptor>& sockets, Family family) {
  return std::any_of(sockets.begin(), sockets.end(), [&](const Descriptor& socket) {
    const auto kind = kind_of(socket.get());
    return kind && kind->local.family() == family;
  });
}

}  // namespace

std::string listener_name(std::size_t worker) {
  return std::string(name_prefix) + std::to_string(worker);
}

std::vector<std::string> close_foreign(std::vector<PassedSocket>& passed, Port port) {
  const auto is_ours = [&](const PassedSocket& one) {
    const auto kind = kind_of(one.socket.get());
    return kind && kind->local.port == port &&
           (kind->type == SOCK_STREAM || kind->type == SOCK_DGRAM);
  };
  const auto foreign = std::stable_partition(passed.begin(), passed.end(), is_ours);
  std::vector<std::string> names;
  for (auto one = foreign; one != passed.end(); ++one) {
    names.push_back(one->name);
  }
  passed.erase(foreign, passed.end());
  return names;
}

// The sockets are moved out of it.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
Result<std::vector<Listeners>> adopt_listeners(std::vector<PassedSocket> passed, Port port,
                                               std::size_t workers) {
  std::vector<Listeners> out(workers);
  for (auto& [name, socket] : passed) {
    const auto kind = kind_of(socket.get());
    const Family family = kind->local.family();
    const bool is_tcp = kind->type == SOCK_STREAM;
    const int flags = fcntl(socket.get(), F_GETFL);
    if (fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
        !(is_tcp ? TcpListener::prepare(socket.get(), family)
                 : UdpListener::prepare(socket.get(), family))) {
      return Error("a socket that the service manager passed cannot be used on port " +
                   std::to_string(port) + ": weir needs CAP_NET_ADMIN");
    }
    Listeners& of = out[worker_named(name, workers)];
    (is_tcp ? of.tcp : of.udp).push_back(std::move(socket));
  }
  std::optional<Error> missing;
  for (Listeners& one : out) {
    for (const Family family : {Family::v4, Family::v6}) {
      const auto complete = [&](std::vector<Descriptor>& sockets, auto open) {
        if (has(sockets, family)) {
          return;
        }
        if (auto opened = open(family, port)) {
          sockets.push_back(std::move(opened).value());
        } else if (!missing) {
          missing = opened.error();
        }
      };
      complete(one.tcp, TcpListener::open);
      complete(one.udp, UdpListener::open);
    }
  }
  // One worker at least has all; others can do without (root binds weir.socket, and no other user's
  // socket can share a port with root's).
  const Listeners& first = out.front();
  const bool whole = has(first.tcp, Family::v4) && has(first.tcp, Family::v6) &&
                     has(first.udp, Family::v4) && has(first.udp, Family::v6);
  if (missing && !whole) {
    return *missing;
  }
  share_tcp(out);
  return out;
}

}  // namespace weir
