// Whether the two peers of a TCP flow are still there. A gateway answers its client's keepalive
// probes itself, and acknowledges its client's data: so it has to find out in the client's place
// that a server has gone, no later than the client would have.
//
// Costs nothing while bytes come from both peers, and nothing that a short connection would see:
// the first look comes when a flow has been quiet for ten seconds.
//
// A part of the flow; its worker's thread. Knows two descriptors, no policy and no record.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "weir/units.h"

struct tcp_info;

namespace weir {

// What the kernel knows of one leg.
struct LegState {
  std::uint32_t segments = 0;  // that have come from the peer, probes too
  bool owes = false;           // something is still to be acknowledged, or waits for a window
  Milliseconds overdue{0};     // how long the peer has acknowledged nothing, though it should
};
[[nodiscard]] LegState leg_state(const tcp_info& info);

// How often a peer probes, from which `segments` came in that time, none with data.
[[nodiscard]] std::optional<Milliseconds> interval_of_probes(std::uint32_t segments,
                                                             Milliseconds in,
                                                             Milliseconds keepalive);

class PeerWatch {
 public:
  static constexpr Milliseconds probe_interval{10'000};
  static constexpr int probes = 3;

  enum class Finding : std::uint8_t { nothing, client_is_gone, server_is_gone };

  // What a look is about. `moved`: bytes that have come from that peer so far.
  struct Leg {
    int socket = -1;
    std::uint64_t moved = 0;
  };
  struct Flow {
    Leg client;
    Leg server;
    Instant last_activity;
    Milliseconds keepalive;  // timeouts.keepalive
  };

  explicit PeerWatch(Instant now) : checked_(now) {}

  // When the next look is due; with activity in between, later.
  [[nodiscard]] Instant due(Instant last_activity, Milliseconds keepalive) const;

  // Looks, and sees to it that peers are probed where that is due.
  Finding check(const Flow& flow, Instant now);

 private:
  enum class Stage : std::uint8_t { active, first, second, probed };
  struct Seen {
    std::uint32_t segments = 0;
    std::uint32_t moved = 0;         // the low half is enough to tell whether it has changed
    std::uint16_t probed_every = 0;  // seconds; 0: not yet
  };

  [[nodiscard]] Stage stage(Instant last_activity) const;
  [[nodiscard]] static Instant due_after(Stage stage, Instant last_activity,
                                         Milliseconds keepalive);
  Stage go_on(Stage before, const std::array<LegState, 2>& states, const Flow& flow, Instant now);
  void follow(std::size_t prober, const std::array<LegState, 2>& states, int other,
              const Flow& flow, Instant now);
  static void probe_every(Seen& seen, int fd, Milliseconds time);

  Instant checked_;
  std::array<Seen, 2> seen_{};  // client, server
  Stage stage_ = Stage::active;
  bool owes_ = false;
};

}  // namespace weir
