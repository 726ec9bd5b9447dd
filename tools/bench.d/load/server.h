// The server process: one thread, one epoll, every service on both families. A service is whatever
// can be told that its socket is ready; it owns its socket and, once it is finished, deletes itself
// in its own turn alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrivals.h"
#include "ledger.h"
#include "options.h"
#include "socket.h"

namespace load {

class Service {
 public:
  virtual ~Service() = default;
  virtual void ready(std::uint32_t events) = 0;
};

using Services = std::vector<std::unique_ptr<Service>>;

inline constexpr int kUdpReceiveBuffer = 8 << 20;

void watch_service(int epoll, int socket, std::uint32_t events, Service& service);

// Everything on TCP and on UDP, already watched by `epoll`.
void add_stream_services(int epoll, Ledger& ledger, Services& services);
void add_datagram_services(int epoll, Ledger& ledger, Arrivals& arrivals, Services& services);
// SOCKS 5: a gateway that goes by a proxy reaches the same services by way of it.
void add_socks_services(int epoll, Ledger& ledger, Arrivals& arrivals, Services& services);

// Puts a connection into the hands of the service of that port; false where there is none.
[[nodiscard]] bool serve_stream(int epoll, Ledger& ledger, std::uint16_t port,
                                Descriptor connection);
// One on the proxy's port; it owns itself.
void serve_socks(int epoll, Ledger& ledger, Descriptor connection);

int serve(const Options& options);

}  // namespace load
