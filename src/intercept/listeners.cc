#include "intercept/listeners.h"

#include <fcntl.h>

#include <utility>

#include "intercept/tcp_listener.h"
#include "intercept/udp_listener.h"

namespace weir {

Result<Listeners> Listeners::open(Port port) {
  Listeners out;
  for (const Family family : {Family::v4, Family::v6}) {
    auto tcp = TcpListener::open(family, port);
    if (!tcp) {
      return tcp.error();
    }
    out.tcp.push_back(std::move(tcp).value());
    auto udp = UdpListener::open(family, port);
    if (!udp) {
      return udp.error();
    }
    out.udp.push_back(std::move(udp).value());
  }
  return out;
}

Result<std::vector<Listeners>> open_listeners(Port port, std::size_t workers) {
  std::vector<Listeners> out;
  for (std::size_t i = 0; i < workers; ++i) {
    auto opened = Listeners::open(port);
    if (!opened) {
      return opened.error();
    }
    out.push_back(std::move(opened).value());
  }
  return out;
}

void share_tcp(std::span<Listeners> listeners) {
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!listeners[i].tcp.empty()) {
      owners.push_back(i);
    }
  }
  for (std::size_t i = 0; i < listeners.size() && !owners.empty(); ++i) {
    if (!listeners[i].tcp.empty()) {
      continue;
    }
    for (const Descriptor& socket : listeners[owners[i % owners.size()]].tcp) {
      Descriptor copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
      if (copy.valid()) {
        listeners[i].tcp.push_back(std::move(copy));
      }
    }
  }
}

}  // namespace weir
