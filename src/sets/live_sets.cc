#include "sets/live_sets.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace weir {

LiveSets::LiveSets(const std::vector<Kept>& kept) {
  for (const Kept& one : kept) {
    if (!one.items.empty()) {
      sets_.insert_or_assign(one.key, LiveItems(one.items));
    }
  }
}

std::vector<Error> LiveSets::change(const LoadedSet& set, const LiveChange& change) {
  const auto [at, is_new] = sets_.try_emplace(set.settings.key());
  auto errors = at->second.change(change, *set.contents);
  if (at->second.size() == 0) {
    sets_.erase(at);
  }
  return errors;
}

std::vector<LiveSets::Left> LiveSets::expire(Instant now) {
  std::vector<Left> out;
  for (auto at = sets_.begin(); at != sets_.end();) {
    const std::size_t before = at->second.size();
    if (at->second.expire(now)) {
      out.push_back({.key = at->first, .count = before - at->second.size()});
    }
    at = at->second.size() == 0 ? sets_.erase(at) : std::next(at);
  }
  return out;
}

std::optional<Instant> LiveSets::next_expiry() const {
  std::optional<Instant> out;
  for (const auto& [key, items] : sets_) {
    const auto its = items.next_expiry();
    out = its && (!out || *its < *out) ? its : out;
  }
  return out;
}

std::vector<LiveSets::Left> LiveSets::keep(const SetTable& table) {
  std::vector<Left> out;
  for (auto at = sets_.begin(); at != sets_.end();) {
    if (table.find(at->first) != nullptr) {
      ++at;
      continue;
    }
    out.push_back({.key = at->first, .count = at->second.size()});
    at = sets_.erase(at);
  }
  return out;
}

std::string what_is_gone(const LiveSets::Left& left) {
  const std::string set =
      left.key.starts_with('@') ? quoted(left.key.substr(1)) : "[set " + left.key + "]";
  return set + " is gone, and with it " + std::to_string(left.count) +
         (left.count == 1 ? " item that was" : " items that were") +
         " added or removed at run time";
}

std::vector<LiveItem> LiveSets::items(std::string_view key) const {
  const auto found = sets_.find(key);
  return found == sets_.end() ? std::vector<LiveItem>() : found->second.items();
}

std::vector<LiveSets::Kept> LiveSets::all() const {
  std::vector<Kept> out;
  out.reserve(sets_.size());
  for (const auto& [key, items] : sets_) {
    out.push_back({.key = key, .items = items.items()});
  }
  return out;
}

std::shared_ptr<const SetTable> LiveSets::over(std::shared_ptr<const SetTable> table) const {
  const auto overlay_of = [this](const LoadedSet& set) {
    const auto found = sets_.find(set.settings.key());
    return found == sets_.end() ? nullptr : found->second.overlay();
  };
  if (table == nullptr || std::none_of(table->sets().begin(), table->sets().end(),
                                       [&](const LoadedSet& set) { return overlay_of(set); })) {
    return table;
  }
  std::vector<LoadedSet> sets(table->sets().begin(), table->sets().end());
  for (LoadedSet& set : sets) {
    if (auto overlay = overlay_of(set)) {
      set.view = std::make_shared<const SetView>(set.contents, std::move(overlay));
    }
  }
  return std::make_shared<const SetTable>(std::move(sets));
}

}  // namespace weir
