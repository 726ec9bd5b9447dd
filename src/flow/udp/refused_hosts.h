// Hosts that QUIC clients have named and that no flow could open with a moment ago: a rule refuses
// them, or a limit is reached. Such a client goes on sending what names no host by itself: a part
// of its hello once more, or what it sends along with it (0-RTT). By the other rules that would
// open a flow, and the next hello would go by that flow, unseen.
//
// A table of fixed size that forgets, made with the first of them: where two clients have one
// place, the later one is remembered.
//
// Part of the QuicSniffing; its worker's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "flow/udp/flow_table.h"
#include "weir/host.h"
#include "weir/units.h"

namespace weir {

class RefusedHosts {
 public:
  // Since it was refused last. A client that hears nothing doubles its pauses (RFC 9002, section
  // 6.2.1), and gives up before they are longer.
  static constexpr std::chrono::seconds remembered{60};

  void note(const FlowEnds& ends, const HostRef& host, Instant now) {
    entries_.resize(places);
    entries_[place_of(ends)] = {.ends = ends, .until = now + remembered, .host = host};
  }
  // Null: none is remembered.
  [[nodiscard]] HostRef find(const FlowEnds& ends, Instant now) const {
    if (entries_.empty()) {
      return nullptr;
    }
    const Entry& entry = entries_[place_of(ends)];
    return entry.ends == ends && now < entry.until ? entry.host : nullptr;
  }

 private:
  static constexpr std::size_t places = 1'024;

  struct Entry {
    FlowEnds ends;
    Instant until;
    HostRef host;
  };

  [[nodiscard]] static std::size_t place_of(const FlowEnds& ends) {
    return FlowEndsHash{}(ends) % places;
  }

  std::vector<Entry> entries_;
};

}  // namespace weir
