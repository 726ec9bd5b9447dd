// The first packets of flows as a filter sees them, where nothing is known of one but what the
// configuration says: a range of ports, the subnet of the clients, any destination. So a condition
// may hold for some of them only. Plain values; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::doctor {

// Whether a condition holds: for all packets of a probe, for a part of them, for none; or it is
// about something that cannot be told from rules alone.
enum class Answer : std::uint8_t { no, unknown, some, yes };

[[nodiscard]] constexpr Answer not_(Answer answer) {
  switch (answer) {
    case Answer::no:
      return Answer::yes;
    case Answer::yes:
      return Answer::no;
    default:
      return answer;
  }
}
// Both conditions hold.
[[nodiscard]] constexpr Answer both(Answer a, Answer b) { return std::min(a, b); }
// One of them holds. Two parts may be the whole; that is never claimed.
[[nodiscard]] constexpr Answer either(Answer a, Answer b) {
  if (a == Answer::yes || b == Answer::yes) {
    return Answer::yes;
  }
  if (a == Answer::unknown || b == Answer::unknown) {
    return Answer::unknown;
  }
  return std::max(a, b);
}

struct Probe {
  Family family = Family::v4;
  Protocol protocol = Protocol::tcp;
  Port first = 0;  // of the destination's port
  Port last = 0;
  std::optional<std::uint32_t> mark = 0;  // none: some rule wrote it
  std::string inbound;                    // interface
  std::string outbound;                   // empty: delivered to this machine, and to weir's socket
  Prefix client;
  Prefix destination;
  std::vector<Address> own;  // this machine's addresses: never the destination
};

[[nodiscard]] inline bool is_intercepted(const Probe& probe) { return probe.outbound.empty(); }

// A run of addresses of one family, both ends included.
struct AddressRange {
  Address low;
  Address high;
};
[[nodiscard]] AddressRange range_of(const Prefix& prefix);

[[nodiscard]] Answer has_client(const Probe& probe, const AddressRange& range);
[[nodiscard]] Answer has_destination(const Probe& probe, const AddressRange& range);
[[nodiscard]] Answer has_port(const Probe& probe, long first, long last);
// The client's own port: one that its kernel picks.
[[nodiscard]] Answer has_source_port(long first, long last);
// "lan", "ppp*"
[[nodiscard]] bool fits(const std::string& interface, const std::string& pattern);

}  // namespace weir::doctor
