#include "takeover/known_sets.h"

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "sets/item.h"

namespace weir {

using takeover::GatewayState;

namespace {

// Half of what one message takes (takeover::largest_body): some 900,000 addresses.
constexpr std::size_t most_bytes = std::size_t{32} * 1024 * 1024;

std::size_t bytes_of(const GatewayState::KnownSet::Item& item) {
  return item.text.size() + sizeof(std::uint32_t) + 1 + sizeof item.uid + 1 + sizeof(Instant);
}

}  // namespace

std::size_t describe_sets(const LiveSets& sets, GatewayState& out) {
  std::size_t bytes = 0;
  std::size_t left_out = 0;
  for (const LiveSets::Kept& set : sets.all()) {
    GatewayState::KnownSet& known = out.sets.emplace_back();
    known.key = set.key;
    known.items.reserve(set.items.size());
    for (const LiveItem& item : set.items) {
      GatewayState::KnownSet::Item one{.text = item.written(),
                                       .is_removed = item.kind == LiveItem::Kind::removed,
                                       .uid = item.uid,
                                       .until = item.until};
      bytes += bytes_of(one);
      if (bytes <= most_bytes) {
        known.items.push_back(std::move(one));
      } else {
        ++left_out;
      }
    }
  }
  return left_out;
}

LiveSets restore_sets(const GatewayState& from) {
  std::vector<LiveSets::Kept> all;
  for (const GatewayState::KnownSet& known : from.sets) {
    LiveSets::Kept& set = all.emplace_back();
    set.key = known.key;
    for (const GatewayState::KnownSet::Item& item : known.items) {
      const auto parsed = parse_item(item.text);
      if (!parsed) {
        continue;
      }
      const auto kind = item.is_removed ? LiveItem::Kind::removed : LiveItem::Kind::added;
      if (const auto* prefix = std::get_if<Prefix>(&parsed.value())) {
        set.items.push_back({*prefix, kind, item.uid, item.until});
      } else if (const auto* name = std::get_if<Name>(&parsed.value())) {
        set.items.push_back({*name, kind, item.uid, item.until});
      }
    }
  }
  return LiveSets(all);
}

}  // namespace weir
