#include "gateway/handed_names.h"

#include <algorithm>
#include <iterator>
#include <memory>

namespace weir {

using takeover::GatewayState;

namespace {

// At most, as a message has it: two IPv6 addresses with their kinds and scopes, a text, two times.
std::size_t bytes_of(const LearntNames::Known& known) {
  constexpr std::size_t address = 1 + 16 + 4;
  return 2 * address + 4 + known.host->name.size() + 2 * sizeof(Instant);
}

}  // namespace

HandedNames hand_over_names(const LearntNames& from, Instant since, Instant now,
                            std::size_t most_bytes) {
  std::vector<LearntNames::Known> all;
  from.each(since, [&](const LearntNames::Known& known) {
    if (known.until > now) {
      all.push_back(known);
    }
  });
  // Those of a client stay as they were learnt.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.learnt < b.learnt; });
  std::size_t bytes = 0;
  auto first = all.end();
  while (first != all.begin()) {
    bytes += bytes_of(*std::prev(first));
    if (bytes > most_bytes) {
      break;
    }
    --first;
  }
  HandedNames out;
  out.left_out = static_cast<std::size_t>(first - all.begin());
  out.names.reserve(all.size() - out.left_out);
  for (; first != all.end(); ++first) {
    out.names.push_back({.client = first->client,
                         .address = first->address,
                         .name = first->host->name,
                         .learnt = first->learnt,
                         .until = first->until});
  }
  return out;
}

void take_over_names(std::span<const GatewayState::LookedUp> names, LearntNames& to) {
  for (const GatewayState::LookedUp& one : names) {
    to.restore({.client = one.client,
                .address = one.address,
                .host = std::make_shared<const Host>(
                    Host{.name = one.name, .from = HostFrom::dns, .is_outer = false}),
                .learnt = one.learnt,
                .until = one.until});
  }
}

}  // namespace weir
