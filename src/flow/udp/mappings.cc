#include "flow/udp/mappings.h"

#include <cassert>
#include <memory>
#include <utility>

namespace weir {

UdpSocket* Mappings::find(const Endpoint& client, const Upstream& upstream, const Way& way) const {
  return shared_.find(Hash{}(client, &upstream), [&](const UdpSocket& socket) {
    return socket.holder.client == client && socket.holder.rule->upstream.get() == &upstream &&
           way_of(socket) == way;
  });
}

void Mappings::share(UdpSocket& socket) {
  assert(socket.only_flow() == nullptr && "a mapping serves more than one flow");
  socket.marks.is_mapping = true;
  shared_.insert(&socket);
}

void Mappings::forget(UdpSocket& socket) {
  ways_.erase(&socket);
  if (socket.marks.is_mapping) {
    shared_.extract(socket);
    socket.marks.is_mapping = false;
    socket.only = nullptr;
  }
  if (socket.extra && socket.extra->resting) {
    socket.extra->resting->leave();
  }
}

void Mappings::note_way(const UdpSocket& socket, const Way& way) {
  if (way == Way{}) {
    ways_.erase(&socket);
  } else {
    ways_[&socket] = way;
  }
}

Way Mappings::way_of(const UdpSocket& socket) const {
  const auto found = ways_.empty() ? ways_.end() : ways_.find(&socket);
  return found != ways_.end() ? found->second : Way{};
}

void Mappings::rest(ServerSockets& all, UdpSocket& socket, Deadlines& deadlines, Instant until,
                    Instant now) {
  auto resting = std::make_unique<RestingMapping>(all, resting_, socket);
  deadlines.set(*resting, until, now);
  socket.extras().resting = std::move(resting);
}

void Mappings::wake(UdpSocket& socket) {
  socket.marks.rests = false;
  if (socket.extra) {
    socket.extra->resting.reset();
  }
}

}  // namespace weir
