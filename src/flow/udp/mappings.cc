#include "flow/udp/mappings.h"

#include <cassert>
#include <memory>
#include <utility>

namespace weir {

UdpSocket* Mappings::find(const Endpoint& client, const Upstream& upstream,
                          const Egress& egress) const {
  return shared_.find(Hash{}(client, &upstream), [&](const UdpSocket& socket) {
    return socket.holder.client == client && socket.holder.rule->upstream.get() == &upstream &&
           egress_of(socket) == egress;
  });
}

void Mappings::share(UdpSocket& socket) {
  assert(socket.only_flow() == nullptr && "a mapping serves more than one flow");
  socket.marks.is_mapping = true;
  shared_.insert(&socket);
}

void Mappings::forget(UdpSocket& socket) {
  egress_.erase(&socket);
  if (socket.marks.is_mapping) {
    shared_.extract(socket);
    socket.marks.is_mapping = false;
    socket.only = nullptr;
  }
  if (socket.extra && socket.extra->parked) {
    socket.extra->parked->leave();
  }
}

void Mappings::note_egress(const UdpSocket& socket, const Egress& egress) {
  if (egress == Egress{}) {
    egress_.erase(&socket);
  } else {
    egress_[&socket] = egress;
  }
}

Egress Mappings::egress_of(const UdpSocket& socket) const {
  const auto found = egress_.empty() ? egress_.end() : egress_.find(&socket);
  return found != egress_.end() ? found->second : Egress{};
}

void Mappings::park(ServerSockets& all, UdpSocket& socket, TimerWheel& timers, Instant until,
                    Instant now) {
  auto parked = std::make_unique<ParkedMapping>(all, parked_, socket);
  timers.set(*parked, until, now);
  socket.extras().parked = std::move(parked);
}

void Mappings::wake(UdpSocket& socket) {
  socket.marks.is_parked = false;
  if (socket.extra) {
    socket.extra->parked.reset();
  }
}

}  // namespace weir
