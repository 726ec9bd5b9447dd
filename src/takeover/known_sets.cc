#include "takeover/known_sets.h"

#include <utility>
#include <variant>
#include <vector>

#include "sets/item.h"

namespace weir {

using takeover::GatewayState;

void describe_sets(const LiveSets& sets, GatewayState& out) {
  for (const LiveSets::Kept& set : sets.all()) {
    GatewayState::KnownSet& known = out.sets.emplace_back();
    known.key = set.key;
    known.items.reserve(set.items.size());
    for (const LiveItem& item : set.items) {
      known.items.push_back({.text = item.written(),
                             .is_removed = item.kind == LiveItem::Kind::removed,
                             .uid = item.uid,
                             .until = item.until});
    }
  }
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
