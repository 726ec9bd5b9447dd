// The problem: a server loses its power. A client that talks to it directly hears so by its own
// keepalive, or because what it sends is not acknowledged. Through a gateway, the gateway
// acknowledges and answers the client's probes, and the client would wait for ever.
//
// Rejected: TCP_USER_TIMEOUT. It also ends connections whose receiver keeps its window closed for
// that long and answers every probe of it, which is a receiver's right (a paused download).
// Rejected, too: keepalive from the beginning, at a pace of ours. It costs eight system calls a
// connection, and no pace is right: a client that probes every five seconds wants to know in
// twenty, and for another ten thousand idle flows a probe a minute is plenty.
//
// The choice: looks at the kernel's own account (tcp_info), on the flow's coarse deadline.
// - A flow that has been quiet is looked at after ten and after twenty seconds, and when
//   timeouts.keepalive is over. Where segments have come from one peer in between, without data,
//   that peer probes us; the other is then probed as often. When timeouts.keepalive is over both
//   are probed. After that the kernel does it alone: an idle flow costs no more calls.
// - A peer that acknowledges nothing for as long as probes would have taken is gone. The kernel
//   says how often it has sent the same again, and how long it would wait for the next time; what
//   was waited so far follows from that, without a clock of our own. A closed window that is
//   answered for is no such case.
// - Flows that are never quiet are looked at twice a minute, and only the leg from which no bytes
//   have come.
#include "relay/peer_watch.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr Milliseconds first_check{10'000};
constexpr Milliseconds second_check{20'000};
// Fewer may be lost on the way.
constexpr std::uint8_t min_unanswered = 3;
constexpr std::int64_t max_keepidle = 32'767;  // seconds; the kernel's MAX_TCP_KEEPIDLE

// When probes would have found a peer gone.
Milliseconds timeout(Milliseconds keepalive) {
  return keepalive + PeerWatch::probes * std::min(keepalive, PeerWatch::probe_interval);
}

// At a flow that is never quiet.
Milliseconds between_checks(Milliseconds keepalive) {
  return std::min<Milliseconds>(keepalive, seconds(30));
}

std::optional<LegState> state_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      length < offsetof(tcp_info, tcpi_segs_in) + sizeof info.tcpi_segs_in) {
    return std::nullopt;
  }
  return leg_state(info);
}

int whole_seconds(Milliseconds time) {
  const auto whole = std::chrono::ceil<seconds>(time).count();
  return static_cast<int>(std::clamp<std::int64_t>(whole, 1, max_keepidle));
}

// The idle time last: setting it counts what has passed already. A connection that refuses an
// option (it is just closing) goes on without.
void probe(int fd, Milliseconds idle) {
  const int interval = whole_seconds(std::min(idle, PeerWatch::probe_interval));
  static_cast<void>(set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval) &&
                    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, PeerWatch::probes) &&
                    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
                    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, whole_seconds(idle)));
}

}  // namespace

LegState leg_state(const tcp_info& info) {
  LegState out{.segments = info.tcpi_segs_in,
               .owes = info.tcpi_unacked != 0 || info.tcpi_notsent_bytes != 0};
  const Milliseconds unheard(info.tcpi_last_ack_recv);
  if (info.tcpi_unacked != 0 && info.tcpi_retransmits >= min_unanswered) {
    // The time-outs before this one were half of it, a quarter of it, and so on.
    const microseconds timeout(info.tcpi_rto);
    const auto before = timeout - timeout / (1U << std::min<unsigned>(info.tcpi_retransmits, 30));
    out.overdue = std::min(
        unheard, duration_cast<Milliseconds>(before) + Milliseconds(info.tcpi_last_data_sent));
  } else if (info.tcpi_unacked == 0 && info.tcpi_probes >= min_unanswered) {
    out.overdue = unheard;  // it has answered for its closed window until then
  }
  return out;
}

std::optional<Milliseconds> interval_of_probes(std::uint32_t segments, Milliseconds in,
                                               Milliseconds keepalive) {
  if (segments == 0) {
    return std::nullopt;
  }
  const Milliseconds interval = std::max<Milliseconds>(in / segments, seconds(1));
  return interval < keepalive ? std::optional(interval) : std::nullopt;
}

// What came after the last look begins a new silence.
PeerWatch::Stage PeerWatch::stage(Instant last_activity) const {
  return last_activity > checked_ ? Stage::active : stage_;
}

Instant PeerWatch::due_after(Stage stage, Instant last_activity, Milliseconds keepalive) {
  switch (stage) {
    case Stage::active:
      return last_activity + std::min(first_check, keepalive);
    case Stage::first:
      return last_activity + std::min(second_check, keepalive);
    default:
      return last_activity + keepalive;
  }
}

Instant PeerWatch::due(Instant last_activity, Milliseconds keepalive) const {
  const Stage now = stage(last_activity);
  if (now == Stage::probed) {
    return owes_ ? checked_ + std::min(keepalive, probe_interval) : Instant::max();
  }
  const Instant quiet = due_after(now, last_activity, keepalive);
  return now == Stage::active ? std::min(quiet, checked_ + between_checks(keepalive)) : quiet;
}

PeerWatch::Finding PeerWatch::check(const Flow& flow, Instant now) {
  const Stage before = stage(flow.last_activity);
  const bool is_quiet = now >= due_after(before, flow.last_activity, flow.keepalive);
  const std::array<Leg, 2> legs{flow.client, flow.server};
  std::array<LegState, 2> states{};
  owes_ = false;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const auto moved = static_cast<std::uint32_t>(legs[i].moved);
    if (std::exchange(seen_[i].moved, moved) != moved && !is_quiet) {
      continue;  // it speaks
    }
    if (const auto found = state_of(legs[i].socket)) {
      states[i] = *found;
      owes_ = owes_ || found->owes;
      if (found->overdue >= timeout(flow.keepalive)) {
        return i == 0 ? Finding::client_is_gone : Finding::server_is_gone;
      }
    }
  }
  stage_ = is_quiet ? go_on(before, states, flow, now) : Stage::active;
  checked_ = now;
  return Finding::nothing;
}

// A quiet flow: sees to probes, and says what has been done.
PeerWatch::Stage PeerWatch::go_on(Stage before, const std::array<LegState, 2>& states,
                                  const Flow& flow, Instant now) {
  if (before == Stage::probed) {
    return before;
  }
  if (before != Stage::active) {
    follow(0, states, flow.server.socket, flow, now);
    follow(1, states, flow.client.socket, flow, now);
  }
  seen_[0].segments = states[0].segments;
  seen_[1].segments = states[1].segments;
  if (now < flow.last_activity + flow.keepalive) {
    return before == Stage::active ? Stage::first : Stage::second;
  }
  probe_every(seen_[0], flow.client.socket, flow.keepalive);
  probe_every(seen_[1], flow.server.socket, flow.keepalive);
  return Stage::probed;
}

// Where one peer probes us, the other is probed as often.
void PeerWatch::follow(std::size_t prober, const std::array<LegState, 2>& states, int other,
                       const Flow& flow, Instant now) {
  Seen& seen = seen_[prober];
  const bool answers_us =
      seen.probed_every != 0 && now - flow.last_activity >= seconds(seen.probed_every);
  if (answers_us || states[prober].owes) {
    return;
  }
  const auto time = duration_cast<Milliseconds>(now - checked_);
  if (const auto interval =
          interval_of_probes(states[prober].segments - seen.segments, time, flow.keepalive)) {
    probe_every(seen_[1 - prober], other, *interval);
  }
}

void PeerWatch::probe_every(Seen& seen, int fd, Milliseconds time) {
  const int wanted = whole_seconds(time);
  if (seen.probed_every == 0 || wanted < seen.probed_every) {
    seen.probed_every = static_cast<std::uint16_t>(wanted);
    probe(fd, time);
  }
}

}  // namespace weir
