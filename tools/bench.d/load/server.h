// The server process: one thread, one epoll, every service on both families. A service is whatever
// can be told that its socket is ready; it owns its socket and, once it is finished, deletes itself
// in its own turn and nobody else's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ledger.h"
#include "options.h"

namespace load {

class Service {
 public:
  virtual ~Service() = default;
  virtual void ready(std::uint32_t events) = 0;
};

using Services = std::vector<std::unique_ptr<Service>>;

// Everything on TCP and on UDP, already watched by `epoll`.
void add_stream_services(int epoll, Ledger& ledger, Services& services);
void add_datagram_services(int epoll, Ledger& ledger, Services& services);

int serve(const Options& options);

}  // namespace load
