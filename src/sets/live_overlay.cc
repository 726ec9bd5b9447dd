#include "sets/live_overlay.h"

#include <algorithm>
#include <utility>

namespace weir {

std::string LiveItem::written() const {
  const auto* name = std::get_if<Name>(&item);
  return name != nullptr ? name->written() : std::get<Prefix>(item).text();
}

std::string LiveItem::done_by() const {
  return (kind == Kind::added ? "added by uid " : "removed by uid ") + std::to_string(uid);
}

LiveOverlay::LiveOverlay(std::vector<LiveItem> all) : items(std::move(all)) {
  PrefixTableBuilder in;
  PrefixTableBuilder out;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const LiveItem& one = items[i];
    const bool is_added = one.kind == LiveItem::Kind::added;
    if (const auto* name = std::get_if<Name>(&one.item)) {
      (is_added ? added_names : removed_names).add({name->text, name->form, false, {i}});
    } else {
      (is_added ? in : out).add(std::get<Prefix>(one.item), {i});
    }
  }
  added = std::move(in).build();
  removed = std::move(out).build();
}

bool have_same_changes(const LiveOverlay* a, const LiveOverlay* b) {
  if (a == b || a == nullptr || b == nullptr) {
    return a == b;
  }
  return std::equal(a->items.begin(), a->items.end(), b->items.begin(), b->items.end(),
                    [](const LiveItem& one, const LiveItem& other) {
                      return one.kind == other.kind && one.item == other.item;
                    });
}

}  // namespace weir
