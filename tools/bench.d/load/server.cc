// See server.h. Level-triggered on purpose: the server must be simple before it is fast, and it
// runs on the generator's core, not on the gateway's.
#include "server.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "report.h"
#include "socket.h"

namespace load {

void watch_service(int epoll, int socket, std::uint32_t events, Service& service) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &service;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) die_of_errno("epoll_ctl");
}

int serve(const Options& options) {
  Ledger& ledger = open_ledger(options.ledger);
  const Descriptor epoll = make_epoll();
  Arrivals arrivals(ledger);
  Services services;
  add_stream_services(epoll.get(), ledger, services);
  add_datagram_services(epoll.get(), ledger, arrivals, services);
  add_socks_services(epoll.get(), ledger, arrivals, services);
  std::puts("listening");
  std::fflush(stdout);

  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) die_of_errno("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      static_cast<Service*>(event.data.ptr)->ready(event.events);
    }
  }
}

}  // namespace load
